// From the stored pixels of a DICOM film to square ones, without what a display shutter covers.
import { Refusal, notReadHere } from "../refusal.mjs";
import { floatOf, whole } from "./dicom_values.mjs";
import { madeSquare } from "./square.mjs";

/** Return (row, column) spacing in millimetres; null where none is stated. */
export function spacingOf(dataset) {
  return spacingsOf(dataset).find((pair) => pair !== null) ?? null;
}

function spacingsOf(dataset) {
  return dataset.tables.dicom_geometry.SPACINGS.map((keyword) => pairOf(dataset, keyword));
}

/** Return the film with square pixels, the coarser side drawn out. */
export function squared(picture, dataset) {
  return madeSquare(picture, ratioOf(dataset), dataset.tables);
}

/** Make air of what display shutters cover, in place (PS3.3 C.7.6.11 and C.7.6.15). */
export function shutter(pixels, { rows, columns }, dataset) {
  const stated = valuesOf(dataset, "ShutterShape", String).map((shape) => shape.trim().toUpperCase());
  if (stated.includes("POLYGONAL") || stated.includes("BITMAP")) throw notReadHere("DICOM, shutter");
  const shapes = [
    stated.includes("RECTANGULAR") ? rectangleOf(dataset) : null,
    stated.includes("CIRCULAR") ? circleOf(dataset) : null,
  ];
  let left = null;
  for (const seen of shapes) {
    if (seen === null) continue;
    const mask = new Uint8Array(rows * columns);
    let any = 0;
    for (let y = 1, at = 0; y <= rows; y += 1) {
      for (let x = 1; x <= columns; x += 1, at += 1) {
        mask[at] = (left === null || left[at]) && seen(y, x) ? 1 : 0;
        any |= mask[at];
      }
    }
    if (any) left = mask;
  }
  if (left === null) return;
  for (let at = 0; at < pixels.length; at += 1) if (!left[at]) pixels[at] = 0;
}

function rectangleOf(dataset) {
  const names = ["UpperHorizontal", "LowerHorizontal", "LeftVertical", "RightVertical"];
  const edges = names.map((name) => valuesOf(dataset, `Shutter${name}Edge`, whole));
  if (edges.some((edge) => edge.length !== 1)) return null;
  const [top, bottom, left, right] = edges.map(([edge]) => edge);
  return (row, column) => row >= top && row <= bottom && column >= left && column <= right;
}

function circleOf(dataset) {
  const centre = valuesOf(dataset, "CenterOfCircularShutter", whole);
  const radius = valuesOf(dataset, "RadiusOfCircularShutter", whole);
  if (centre.length !== 2 || radius.length !== 1) return null;
  // The radius counts columns; on oblong pixels the circle is an ellipse of them.
  const ratio = ratioOf(dataset);
  return (row, column) => {
    const down = (row - centre[0]) * ratio;
    const across = column - centre[1];
    return down * down + across * across <= radius[0] ** 2;
  };
}

/** The height of a pixel by its width; a ratio and spacings that contradict each other are refused. */
function ratioOf(dataset) {
  const stated = [pairOf(dataset, "PixelAspectRatio"), ...spacingsOf(dataset)];
  const ratios = stated.filter((pair) => pair !== null).map(([down, across]) => down / across);
  if (ratios.length && Math.max(...ratios) / Math.min(...ratios) > 1 + dataset.tables.dicom_geometry.ROUNDED) {
    throw new Refusal("unsupported_encoding", "Pixel Aspect Ratio and spacing contradict each other");
  }
  return ratios[0] ?? 1;
}

/** The values of a keyword; none where one of them is malformed. */
function valuesOf(dataset, keyword, made) {
  try {
    const value = dataset.get(keyword);
    if (value === undefined || value === null || value === "") return [];
    return (Array.isArray(value) ? value : [value]).map(made);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    return [];
  }
}

function pairOf(dataset, keyword) {
  const number = (value) => {
    const made = typeof value === "string" ? floatOf(value.trim()) : value;
    if (typeof made !== "number") throw new Error(`no number: ${value}`);
    return made;
  };
  const sides = valuesOf(dataset, keyword, number);
  return sides.length === 2 && sides.every((side) => Number.isFinite(side) && side > 0) ? sides : null;
}
