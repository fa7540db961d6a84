-- What captions say that surveys and catalogues may know: of the captions that were taken.
--   out: one row a kind of statement and verdict, with one of them
SELECT statement.kind AS kind, statement.verdict AS verdict, count(*) AS n, min(statement.said) AS example, min(statement.evidence) AS evidence
FROM captions, unnest(statements) AS t(statement) GROUP BY statement.kind, statement.verdict
ORDER BY statement.kind, statement.verdict DESC
