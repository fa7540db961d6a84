-- a conversation is about a cutout that CUTOUTS have
SELECT conversation_id AS row_key, cutout_id AS found FROM conversations ANTI JOIN cutouts USING (cutout_id)
