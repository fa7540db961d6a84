"use strict";
// The sky of a picture, read from directions at the knots of a grid (`sky_grid` of the server): `picture` has width_px,
// height_px, pixel_x_arcsec and sky.
import { svg } from "/common.js";

// Round lengths for a scale bar, in arcsec, and their names.
const BARS = [[1, "″"], [60, "′"], [3600, "°"]].flatMap(([unit, name]) => [1, 2, 5, 10, 20, 30].map((step) => [step * unit, `${step}${name}`]));

export function skyAt(picture, x, y) {  // ICRS degrees of a position counted from the left and lower edge; null without WCS
  const grid = picture.sky;
  if (!grid) return null;
  const { width_px: width, height_px: height } = picture;
  const u = Math.min(grid.n - 1e-9, Math.max(0, (x / width) * grid.n)), v = Math.min(grid.n - 1e-9, Math.max(0, (y / height) * grid.n));
  const i = Math.floor(u), j = Math.floor(v), s = u - i, t = v - j, found = [0, 0, 0];
  for (const [di, dj, share] of [[0, 0, (1 - s) * (1 - t)], [1, 0, s * (1 - t)], [0, 1, (1 - s) * t], [1, 1, s * t]]) {
    const at = 3 * ((j + dj) * (grid.n + 1) + i + di);
    for (let k = 0; k < 3; k += 1) {
      if (grid.xyz[at + k] === null) return null;
      found[k] += share * grid.xyz[at + k];
    }
  }
  const ra = (Math.atan2(found[1], found[0]) * 180) / Math.PI;
  return [(ra + 360) % 360, (Math.atan2(found[2], Math.hypot(found[0], found[1])) * 180) / Math.PI];
}

export function raOff(place, from) {  // degrees of right ascension from one place to another, the short way round
  return ((place[0] - from[0] + 540) % 360) - 180;
}

export function sexagesimal(value, digits, signed) {
  const scale = 10 ** digits;
  let rest = Math.round(Math.abs(value) * 3600 * scale);
  const second = rest % (60 * scale);
  rest = (rest - second) / (60 * scale);
  const whole = (one) => String(one).padStart(2, "0");
  const seconds = (second / scale).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return `${signed ? (value < 0 ? "-" : "+") : ""}${whole(Math.floor(rest / 60))}:${whole(rest % 60)}:${seconds}`;
}

export function placeOf(place) {  // in hours and degrees
  return `${sexagesimal(place[0] / 15, 2)} ${sexagesimal(place[1], 1, true)}`;
}

export function drawNorth(over, picture) {  // arrows to north and east, and a bar of known length
  const { width_px: width, height_px: height, pixel_x_arcsec: pixel } = picture;
  const at = skyAt(picture, width / 2, height / 2), right = skyAt(picture, width / 2 + 1, height / 2), up = skyAt(picture, width / 2, height / 2 + 1);
  if (!at || !right || !up || !pixel) return;
  const turned = (to) => [raOff(to, at) * Math.cos((at[1] * Math.PI) / 180), to[1] - at[1]];
  const [a, c] = turned(right), [b, d] = turned(up), det = a * d - b * c;
  if (!det) return;
  for (const [name, x, y] of [["N", -b / det, a / det], ["E", d / det, -c / det]]) {
    const long = Math.hypot(x, y), size = 0.1 * width, x0 = 0.18 * width, y0 = 0.16 * height;
    const x1 = x0 + (x / long) * size, y1 = y0 - (y / long) * size;
    over.append(svg("path", { class: "north", d: `M${x0} ${y0}L${x1} ${y1}` }));
    over.append(svg("text", { x: x1 + (x / long) * size * 0.3 - width * 0.014, y: y1 - (y / long) * size * 0.3 + height * 0.014, "font-size": height * 0.042 }, name));
  }
  const most = 0.3 * width * pixel, [arcsec, name] = BARS.filter((one) => one[0] <= most).pop() || [most, `${most.toPrecision(1)}″`];
  const end = 0.95 * width, start = end - arcsec / pixel;
  over.append(svg("path", { class: "north", d: `M${start} ${0.95 * height}H${end}` }));
  over.append(svg("text", { x: start, y: 0.935 * height, "font-size": height * 0.042 }, name));
}

export function drawGrid(over, picture) {  // lines of equal right ascension and declination, through the picture's centre and beside
  const { width_px: width, height_px: height } = picture, centre = skyAt(picture, width / 2, height / 2);
  if (!centre) return;
  const n = 48, values = [];
  for (let j = 0; j <= n; j += 1) for (let i = 0; i <= n; i += 1) values.push(skyAt(picture, (i / n) * width, (j / n) * height));
  const off = (one, k) => (k ? one[1] - centre[1] : raOff(one, centre));
  for (const k of [0, 1]) {
    const span = Math.max(...values.filter(Boolean).map((one) => Math.abs(off(one, k))));
    for (const level of [-0.5, 0, 0.5].map((one) => one * span)) over.append(svg("path", { class: "net", d: contour(values, n, level, (one) => off(one, k), width, height) }));
  }
}

function contour(values, n, level, of, width, height) {  // marching squares: where a value passes a level
  const parts = [], at = (i, j) => values[j * (n + 1) + i];
  for (let j = 0; j < n; j += 1) {
    for (let i = 0; i < n; i += 1) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]], cuts = [];
      if (corners.some(([x, y]) => !at(x, y))) continue;
      for (let k = 0; k < 4; k += 1) {
        const [x0, y0] = corners[k], [x1, y1] = corners[(k + 1) % 4], v0 = of(at(x0, y0)) - level, v1 = of(at(x1, y1)) - level;
        if ((v0 < 0) !== (v1 < 0)) {
          const share = v0 / (v0 - v1);
          cuts.push([((x0 + share * (x1 - x0)) / n) * width, height - ((y0 + share * (y1 - y0)) / n) * height]);
        }
      }
      if (cuts.length >= 2) parts.push(`M${cuts[0][0].toFixed(2)} ${cuts[0][1].toFixed(2)}L${cuts[1][0].toFixed(2)} ${cuts[1][1].toFixed(2)}`);
    }
  }
  return parts.join("");
}
