-- a caption is that of its figure, with the figure's picture and paper, rated and split as the tables say
-- do: Build again with `--repair`: captions and figures are of different builds; `check` says which table is damaged.
SELECT captions.sample_id AS row_key, captions.figure_id AS found
FROM captions
LEFT JOIN figures USING (figure_id)
LEFT JOIN figure_splits ON figure_splits.figure_id = captions.figure_id
LEFT JOIN ratings ON ratings.figure_id = captions.figure_id
WHERE figures.sha256 IS DISTINCT FROM captions.png_sha256
   OR figures.paper_id IS DISTINCT FROM captions.paper_id
   OR figures.caption IS DISTINCT FROM captions.turns[1].answer
   OR figures.licence IS DISTINCT FROM captions.licence
   OR figure_splits.split IS DISTINCT FROM captions.split
   OR figure_splits.group_id IS DISTINCT FROM captions.group_id
   OR ratings.caption_score IS DISTINCT FROM captions.caption_score
   OR captions.image IS DISTINCT FROM 'images/' || left(png_sha256, 2) || '/' || png_sha256 || '.png'
