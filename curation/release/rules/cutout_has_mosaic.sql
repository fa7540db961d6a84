-- a cutout comes from mosaics of the index, with the content they have there
-- do: A mosaic was replaced while the corpus was built: build again, so that it is indexed anew.
WITH used AS (
    SELECT cutout_id, mosaic, mosaic_sha256 AS sha256 FROM cutouts
    UNION
    SELECT cutout_id, share.mosaic, share.sha256
    FROM (SELECT cutout_id, unnest(mosaics) AS share FROM frames) AS shares
    WHERE share.weight > 0
)
SELECT cutout_id AS row_key, mosaic AS found
FROM used ANTI JOIN mosaics ON mosaics.mosaic = used.mosaic AND mosaics.sha256 = used.sha256
