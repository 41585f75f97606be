// Draws the dashboard's charts from /dashboard/data; every chart's numbers also stand in a table.
const language = document.documentElement.lang === "es" ? "es-EC" : "en-GB";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const drawn = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const percent = (value) => new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(value);
const day = (text) => new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${text}T00:00:00Z`));

// Labels in lines of about 18 letters, so that a phone has room left for the bars.
const wrapped = (text) => text.split(" ").reduce((lines, word) => {
  const last = lines.length - 1;
  if (last >= 0 && `${lines[last]} ${word}`.length <= 18) lines[last] += ` ${word}`;
  else lines.push(word);
  return lines;
}, []);

function draw(name, config) {
  const canvas = document.getElementById(`chart-${name}`);
  if (canvas) drawn.push(new Chart(canvas, config));
}

function share(title) {
  return { min: 0, max: 1, ticks: { callback: percent }, title: { display: Boolean(title), text: title } };
}

function drawDays({ rows, headers }, words) {
  const bars = (label, tone, value) => ({
    label, data: rows.map(value), backgroundColor: colour(tone), stack: "cases",
  });
  const known = (row) => row.positive !== null && row.tested !== null;
  draw("days", {
    type: "bar",
    data: {
      labels: rows.map((row) => day(row.day)),
      datasets: [
        bars(headers.positive, "--chart-positive", (row) => (known(row) ? row.positive : 0)),
        bars(words.negative, "--chart-negative", (row) => (known(row) ? row.tested - row.positive : 0)),
        bars(words.untested, "--chart-other", (row) => (row.cases ?? 0) - (known(row) ? row.tested : 0)),
      ],
    },
    options: { scales: { x: { stacked: true }, y: { stacked: true, ticks: { precision: 0 } } } },
  });
}

// Rows side by side: positive, negative and without a result, as in the days.
function drawRows(name, { rows, headers }, words) {
  const known = (row) => row.positive !== null && row.tested !== null;
  const label = Object.keys(headers)[0];
  const bars = (text, tone, value) => ({ label: text, data: rows.map(value), backgroundColor: colour(tone), stack: "cases" });
  draw(name, {
    type: "bar",
    data: {
      labels: rows.map((row) => wrapped(String(row[label]))),
      datasets: [
        bars(headers.positive, "--chart-positive", (row) => (known(row) ? row.positive : 0)),
        bars(words.negative, "--chart-negative", (row) => (known(row) ? row.tested - row.positive : 0)),
        bars(words.untested, "--chart-other", (row) => (row.cases ?? 0) - (known(row) ? row.tested : 0)),
      ],
    },
    options: { indexAxis: "y", scales: { x: { stacked: true, ticks: { precision: 0 } }, y: { stacked: true, ticks: { autoSkip: false } } } },
  });
}

function drawDelay({ rows, headers }) {
  draw("delay", {
    type: "bar",
    data: {
      labels: rows.map((row) => wrapped(row.wait)),
      datasets: [{ label: headers.cases, data: rows.map((row) => row.cases), backgroundColor: colour("--chart-negative") }],
    },
    options: { plugins: { legend: { display: false } }, scales: { y: { ticks: { precision: 0 } } } },
  });
}

function drawOutcomes({ rows, headers }) {
  draw("outcomes", {
    type: "bar",
    data: {
      labels: rows.map((row) => wrapped(row.outcome)),
      datasets: [{ label: headers.cases, data: rows.map((row) => row.cases), backgroundColor: colour("--chart-negative") }],
    },
    options: { indexAxis: "y", plugins: { legend: { display: false } }, scales: { x: { ticks: { precision: 0 } }, y: { ticks: { autoSkip: false } } } },
  });
}

function drawCalibration({ rows, headers }, words) {
  const given = rows.filter((row) => row.observed !== null);
  const line = (label, data, tone, more) => ({
    label, data, borderColor: colour(tone), backgroundColor: colour(tone), showLine: true, ...more,
  });
  const bounds = given.flatMap((row) => [
    { x: row.mean_probability, y: row.observed.low },
    { x: row.mean_probability, y: row.observed.high },
    { x: NaN, y: NaN },
  ]);
  const points = given.map((row) => ({ x: row.mean_probability, y: row.observed.value }));
  draw("calibration", {
    type: "scatter",
    data: {
      datasets: [
        line(words.observed, points, "--chart-positive", { pointRadius: 5, showLine: false }),
        line("", bounds, "--chart-positive", { pointRadius: 0, borderWidth: 2 }),
        line(words.perfect, [{ x: 0, y: 0 }, { x: 1, y: 1 }], "--chart-other", { pointRadius: 0, borderDash: [6, 4] }),
      ],
    },
    options: {
      plugins: { legend: { labels: { filter: (item) => item.text !== "" } } },
      scales: { x: share(headers.mean_probability), y: share(headers.observed) },
    },
  });
}

function drawDrift({ rows, headers }, words) {
  const [reference, ...windows] = rows;
  if (!windows.length) return;
  const line = (label, value, tone, more) => ({
    label, data: windows.map(value), borderColor: colour(tone), backgroundColor: colour(tone), ...more,
  });
  const alarms = windows.map((row) => row.alarm !== "");
  draw("drift", {
    type: "line",
    data: {
      labels: windows.map((row) => day(row.last)),
      datasets: [
        line("", (row) => row.q1, "--chart-band", { pointRadius: 0 }),
        line(words.middle, (row) => row.q3, "--chart-band", { pointRadius: 0, fill: "-1" }),
        line(headers.median, (row) => row.median, "--chart-negative", {
          pointRadius: alarms.map((alarm) => (alarm ? 8 : 4)),
          pointStyle: alarms.map((alarm) => (alarm ? "triangle" : "circle")),
          pointBackgroundColor: alarms.map((alarm) => colour(alarm ? "--chart-alarm" : "--chart-negative")),
        }),
        line(words.reference, () => reference.median, "--chart-other", { pointRadius: 0, borderDash: [6, 4] }),
        line(headers.refused, (row) => row.refused, "--chart-positive", { pointStyle: "rect", borderDash: [2, 3] }),
      ],
    },
    options: {
      plugins: {
        legend: { labels: { filter: (item) => item.text !== "" } },
        tooltip: { callbacks: { footer: ([item]) => (alarms[item.dataIndex] ? `${words.alarm}: ${windows[item.dataIndex].alarm}` : "") } },
      },
      scales: { y: share("") },
    },
  });
}

function drawAll(data) {
  drawn.splice(0).forEach((chart) => chart.destroy());
  Object.assign(Chart.defaults, {
    color: colour("--ink"), borderColor: colour("--line"), locale: language, maintainAspectRatio: false,
  });
  Chart.defaults.animation = still.matches ? false : { duration: 200 };
  Chart.defaults.datasets.bar.maxBarThickness = 48;  // of a single unit too
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  drawDays(data.days, data.words);
  for (const name of ["units", "ages", "sexes", "course"]) drawRows(name, data[name], data.words);
  drawDelay(data.delay);
  drawOutcomes(data.outcomes);
  drawCalibration(data.calibration, data.words);
  drawDrift(data.drift, data.words);
  document.body.dataset.charts = "drawn";
}

async function dataOf() {
  const answer = await fetch(`/dashboard/data${window.location.search}`, { headers: { "x-requested-with": "fetch" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.json();
}

if (document.querySelector("canvas")) {
  const data = await dataOf().catch(() => null);
  if (data) {
    drawAll(data);
    dark.addEventListener("change", () => drawAll(data));
  } else {
    // Without charts the tables say it all: open them.
    document.querySelectorAll("main details").forEach((details) => { details.open = true; });
    document.querySelectorAll(".chart").forEach((chart) => { chart.hidden = true; });
  }
}
