-- Conversations to be looked at, those first that somebody or something doubts.
--   in:  conversations, cutouts, sources, quality, judged, twins, samples, rejections
--   out: one row a conversation; sample_id is null where SAMPLES refused it, `refused` says why; score: the judge's mean;
--        rarest: the label of its source that the fewest sources of its dataset have, and how many these are
WITH turns AS (
    SELECT conversation_id, count(*) AS n_turns, count(*) FILTER (verdict = 'contradicted') AS n_contradicted,
           count(*) FILTER (verdict = 'unverifiable') AS n_unverifiable
    FROM quality GROUP BY ALL
), conflicts AS (
    SELECT cutout_id, count(*) AS n_conflicts
    FROM (SELECT left_id AS cutout_id FROM twins WHERE len(twins.conflicts) > 0
          UNION ALL SELECT right_id FROM twins WHERE len(twins.conflicts) > 0)
    GROUP BY ALL
), said AS (
    SELECT source_id, dataset, unnest(labels) AS one FROM sources
), present AS (
    SELECT source_id, dataset, one.label AS label FROM said WHERE one.state = 'present'
), classes AS (
    SELECT dataset, label, count(DISTINCT source_id) AS n FROM present GROUP BY ALL
), rarest AS (
    SELECT source_id, arg_min(label, (n, label)) AS rarest, min(n) AS n_rarest
    FROM present JOIN classes USING (dataset, label) GROUP BY source_id
), refusals AS (
    SELECT row_id AS conversation_id, min(reason) AS refused FROM rejections WHERE step = 'samples' GROUP BY ALL
)
SELECT conversation_id, conversations.cutout_id, cutouts.source_id, conversations.dataset, samples.sample_id,
       samples.split, samples.review, refused, sources.source_name,
       coalesce(turns.n_turns, 0) AS n_turns, coalesce(n_contradicted, 0) AS n_contradicted,
       coalesce(n_unverifiable, 0) AS n_unverifiable, coalesce(n_conflicts, 0) AS n_conflicts,
       round(list_avg(map_values(judged.scores)), 2) AS score, rarest, n_rarest
FROM conversations
JOIN (SELECT cutout_id, source_id FROM cutouts) AS cutouts ON cutouts.cutout_id = conversations.cutout_id
LEFT JOIN sources ON sources.source_id = cutouts.source_id
LEFT JOIN turns USING (conversation_id)
LEFT JOIN conflicts ON conflicts.cutout_id = conversations.cutout_id
LEFT JOIN rarest ON rarest.source_id = cutouts.source_id
LEFT JOIN judged USING (conversation_id)
LEFT JOIN samples USING (conversation_id)
LEFT JOIN refusals USING (conversation_id)
WHERE sample_id IS NOT NULL OR refused IN ('contradicted', 'unverifiable', 'rejected-in-review')
ORDER BY conversation_id
