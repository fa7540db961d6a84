-- a sample's path is that of its picture, and its picture that of its cutout (the export hashes the bytes)
-- do: Run `check`, then `build --repair`: pictures and samples are of different builds.
SELECT sample_id AS row_key, image AS found
FROM samples LEFT JOIN cutouts USING (cutout_id)
WHERE samples.png_sha256 IS DISTINCT FROM cutouts.sha256
   OR image IS DISTINCT FROM 'images/' || left(png_sha256, 2) || '/' || png_sha256 || '.png'
