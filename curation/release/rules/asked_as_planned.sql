-- pictures are asked as the quotas say: so many of each question (one of a model may be a template's in the same words)
-- do: Build again: `quotas` and `conversations` were made by different versions of the questions.
WITH planned AS (
    SELECT dataset, question_id, sum(n_asked) AS n FROM quotas WHERE kind <> 'generated' GROUP BY ALL
), asked AS (
    SELECT dataset, told.question_id, count(*) AS n
    FROM (SELECT dataset, unnest(turns) AS told FROM conversations)
    WHERE told.kind NOT IN ('description', 'generated') AND dataset IN (SELECT dataset FROM quotas)
    GROUP BY ALL
)
SELECT dataset || ' ' || question_id AS row_key,
       coalesce(planned.n, 0) || ' planned, ' || coalesce(asked.n, 0) || ' asked' AS found
FROM planned FULL JOIN asked USING (dataset, question_id)
WHERE coalesce(planned.n, 0) <> coalesce(asked.n, 0)
