-- Every sample of a hand-over, as it is looked for.
--   in:  provenance (of the hand-over), judged (JUDGED of its datasets)
--   out: one row a sample; labels: those that are present; verdict: the worst of its turns; score: the judge's mean, or
--        the caption's, of 10; x, y, z: its direction, ICRS, null without a position; words: all that is looked through
CREATE TABLE shelf AS
SELECT
    sample_id,
    dataset,
    survey,
    split,
    coalesce(source_name, paper_id, '') AS name,
    coalesce(source_id, figure_id, '') AS source_id,
    [one.label FOR one IN coalesce(labels, []) IF one.state = 'present'] AS labels,
    CASE
        WHEN list_contains(verdicts, 'contradicted') THEN 'contradicted'
        WHEN list_contains(verdicts, 'unverifiable') THEN 'unverifiable'
        ELSE 'supported'
    END AS verdict,
    coalesce(round(list_avg(map_values(judged.scores)), 2), caption_score) AS score,
    review,
    n_turns,
    ra_deg,
    dec_deg,
    cos(radians(dec_deg)) * cos(radians(ra_deg)) AS x,
    cos(radians(dec_deg)) * sin(radians(ra_deg)) AS y,
    sin(radians(dec_deg)) AS z,
    image,
    png_sha256,
    turns[1].question AS question,
    turns[1].answer AS answer,
    lower(concat_ws(' ', sample_id, source_id, source_name, paper_id, mosaic,
                    list_aggregate([one.question || ' ' || one.answer FOR one IN turns], 'string_agg', ' '))) AS words
FROM provenance
LEFT JOIN (SELECT conversation_id, scores FROM judged) AS judged USING (conversation_id)
ORDER BY sample_id
