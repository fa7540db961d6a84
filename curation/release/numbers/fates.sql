-- What became of every sentence that a model wrote, in turns that were kept and in those that were refused.
--   out: one row a dataset, fate and reason, the share of the dataset's sentences, and the first such sentence
WITH sentences AS (
    SELECT dataset, one.fate AS fate, coalesce(one.reason, if(one.fate = 'as-written', one.detail, NULL), '') AS reason, one.written AS written, true AS is_kept
    FROM generated, unnest(sentences) AS s(one)
    UNION ALL
    SELECT split_part(address, '/', 2) AS dataset, one.fate, one.reason, one.written, false AS is_kept
    FROM rejections,
         unnest(from_json(if(json_valid("row"), "row", '{}'),
                          '{"sentences": [{"written": "VARCHAR", "fate": "VARCHAR", "reason": "VARCHAR"}]}').sentences) AS s(one)
    WHERE step = 'generated'
), named AS (
    SELECT dataset, written,
           if(is_kept OR fate = 'cut', fate, 'refused with its turn') AS fate,
           if(is_kept OR fate = 'cut', reason, '') AS reason
    FROM sentences
)
SELECT dataset, fate, reason, count(*) AS n, sum(count(*)) OVER (PARTITION BY dataset)::BIGINT AS n_all,
       min(written) AS example
FROM named
GROUP BY dataset, fate, reason
ORDER BY dataset, list_position(['as-written', 'reworded', 'cut', 'refused with its turn'], fate), n DESC, reason
