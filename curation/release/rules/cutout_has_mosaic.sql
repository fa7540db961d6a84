-- a cutout comes from a mosaic of the index, with the content it has there
-- do: A mosaic was replaced while the corpus was built: build again, so that it is indexed anew.
SELECT cutout_id AS row_key, mosaic AS found
FROM cutouts ANTI JOIN mosaics ON mosaics.mosaic = cutouts.mosaic AND mosaics.sha256 = cutouts.mosaic_sha256
