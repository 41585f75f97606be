// Where the evidence lies: the activation back on the film's own pixels, as a layer of colour.

import { cut } from "./frame.mjs";

// Nine equidistant steps of "inferno" (N. Smith, S. van der Walt; CC0), from facts.json.
const LEVELS = 255;

/**
 * Return the evidence as a layer to lay over a film: colour, and opacity that grows with it.
 *
 * @param {number[][]} activation rows of numbers in [0, 1] over `box`
 * @param {number[]} box top, left, bottom and right, shares of the film
 * @param {number} height
 * @param {number} width of the layer, which lies over the whole film
 * @returns {Uint8ClampedArray} height x width x 4
 */
export function evidenceLayer(activation, box, height, width, facts) {
  const [top, left, bottom, right] = box;
  const whole = { pixels: new Uint8Array(height * width), height, width };
  const part = cut(whole, { top, left, bottom, right });
  const [first, start] = [Math.trunc(top * height), Math.trunc(left * width)];
  const layer = new Uint8ClampedArray(height * width * 4);
  for (let y = 0; y < part.height; y++) {
    for (let x = 0; x < part.width; x++) {
      const strength = between(activation, (y + 0.5) / part.height, (x + 0.5) / part.width);
      const at = 4 * ((first + y) * width + start + x);
      layer.set(colourOf(strength, facts), at);
      layer[at + 3] = strength * LEVELS;
    }
  }
  return layer;
}

// The strength at a place of the grid, from the four cells around it.
function between(grid, down, across) {
  const [row, column] = [down * grid.length - 0.5, across * grid[0].length - 0.5];
  const [y, x] = [Math.floor(row), Math.floor(column)];
  const cell = (i, j) =>
    grid[Math.min(grid.length - 1, Math.max(0, i))][Math.min(grid[0].length - 1, Math.max(0, j))];
  const [dy, dx] = [row - y, column - x];
  const above = cell(y, x) * (1 - dx) + cell(y, x + 1) * dx;
  const below = cell(y + 1, x) * (1 - dx) + cell(y + 1, x + 1) * dx;
  return above * (1 - dy) + below * dy;
}

function colourOf(strength, { explain }) {
  const { inferno, weakest_colour: weakest } = explain;
  const place = (weakest + (1 - weakest) * strength) * (inferno.length - 1);
  const below = Math.min(inferno.length - 2, Math.floor(place));
  const share = place - below;
  return inferno[below].map((level, at) => level * (1 - share) + inferno[below + 1][at] * share);
}
