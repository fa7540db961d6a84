-- every turn has been judged exactly once
-- do: Build again: some turns were never judged.
WITH judged AS (
    SELECT conversation_id, count(DISTINCT turn) AS n_turns, count(*) AS n_verdicts FROM quality GROUP BY ALL
)
SELECT conversation_id AS row_key, coalesce(n_verdicts, 0) || ' verdicts on ' || len(turns) || ' turns' AS found
FROM conversations LEFT JOIN judged USING (conversation_id)
WHERE n_turns IS DISTINCT FROM len(turns) OR n_verdicts IS DISTINCT FROM len(turns)
