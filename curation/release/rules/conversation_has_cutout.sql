-- a conversation is about a cutout that CUTOUTS have
-- do: Run `check`, then `build --repair`: a table of cutouts is damaged or of another build.
SELECT conversation_id AS row_key, cutout_id AS found FROM conversations ANTI JOIN cutouts USING (cutout_id)
