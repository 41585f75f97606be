// Least squares of few unknowns: Householder's QR, then Jacobi's one-sided singular values, so
// that what the rows do not tell stays nought, as with `numpy.linalg.lstsq`.

const EPSILON = Number.EPSILON;
const SWEEPS = 60;

/** Return the shortest x with the least |rows x - values|. */
export function leastSquares(rows, values) {
  const columns = rows[0].length;
  const { upper, right } = triangle(rows, values, columns);
  return solved(upper, right, EPSILON * Math.max(rows.length, columns));
}

/** Return R of QR, by columns, and Q'b. */
function triangle(rows, values, columns) {
  const a = rows.map((row, at) => Float64Array.from([...row, values[at]]));
  const depth = Math.min(columns, a.length);
  for (let column = 0; column < depth; column += 1) {
    let norm = 0;
    for (let row = column; row < a.length; row += 1) norm += a[row][column] ** 2;
    norm = Math.sqrt(norm);
    if (!norm) continue;
    const turned = a[column][column] > 0 ? -norm : norm;
    const mirror = Float64Array.from(a, (row, at) => (at < column ? 0 : row[column]));
    mirror[column] -= turned;
    const square = mirror.reduce((sum, value) => sum + value * value, 0);
    for (let other = column; other <= columns; other += 1) {
      let along = 0;
      for (let row = column; row < a.length; row += 1) along += mirror[row] * a[row][other];
      const factor = (2 * along) / square;
      for (let row = column; row < a.length; row += 1) a[row][other] -= factor * mirror[row];
    }
  }
  const line = (column) =>
    Float64Array.from({ length: columns }, (_, row) => (row < a.length ? a[row][column] : 0));
  const upper = Array.from({ length: columns }, (_, column) =>
    line(column).map((value, row) => (row <= column ? value : 0)),
  );
  return { upper, right: line(columns) };
}

/** Solve with columns of R: turn them until they stand upright on each other. */
function solved(u, right, share) {
  const count = u.length;
  const v = u.map((_, at) => Float64Array.from({ length: count }, (__, row) => (row === at ? 1 : 0)));
  for (let sweep = 0, turned = true; turned && sweep < SWEEPS; sweep += 1) {
    turned = false;
    for (let one = 0; one < count; one += 1) {
      for (let two = one + 1; two < count; two += 1) {
        const [alpha, beta, gamma] = [dot(u[one], u[one]), dot(u[two], u[two]), dot(u[one], u[two])];
        if (Math.abs(gamma) <= EPSILON * Math.sqrt(alpha * beta)) continue;
        turned = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        for (const side of [u, v]) turn(side[one], side[two], c, c * t);
      }
    }
  }
  const sizes = u.map((column) => Math.sqrt(dot(column, column)));
  const least = share * Math.max(...sizes);
  const x = new Float64Array(count);
  sizes.forEach((size, at) => {
    if (size <= least) return;
    const part = dot(u[at], right) / (size * size);
    for (let row = 0; row < count; row += 1) x[row] += part * v[at][row];
  });
  return x;
}

function turn(a, b, c, s) {
  for (let at = 0; at < a.length; at += 1) [a[at], b[at]] = [c * a[at] - s * b[at], s * a[at] + c * b[at]];
}

function dot(a, b) {
  let sum = 0;
  for (let at = 0; at < a.length; at += 1) sum += a[at] * b[at];
  return sum;
}
