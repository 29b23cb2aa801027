// A page as anybody would write it: one canvas, one requestAnimationFrame loop, the browser's clock. It knows nothing of
// the renderer. The numbers are invented.
const INK = "#1d2733";
const MUTED = "#7b8794";
const GRID = "#e4ded3";
const PLOT = { left: 150, top: 320, width: 1310, height: 620 };
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TOP_HOURS = 800;
const SERIES = [
  { name: "Trailers", color: "#d9480f", hours: [42, 60, 74, 118, 150, 205, 236, 310, 352, 458, 560, 702] },
  { name: "Lessons", color: "#0b7285", hours: [120, 128, 141, 150, 176, 182, 160, 148, 268, 330, 361, 398] },
  { name: "Tickers", color: "#5c940d", hours: [20, 34, 41, 60, 72, 96, 120, 131, 150, 171, 188, 214] },
];
const DRAW_FROM_S = 1;
const DRAW_FOR_S = 4.4;

const context = document.getElementById("chart").getContext("2d");
const clamp = (value) => Math.min(Math.max(value, 0), 1);
const easeOut = (value) => 1 - (1 - clamp(value)) ** 3;
const easeInOut = (value) => (value < 0.5 ? 4 * value ** 3 : 1 - (2 - 2 * value) ** 3 / 2);
const font = (weight, size) => `${weight} ${size}px "Noto Sans", "Open Sans", sans-serif`;

function text(words, x, y, { weight = 400, size = 26, color = INK, align = "left", alpha = 1 } = {}) {
  context.globalAlpha = alpha;
  context.font = font(weight, size);
  context.fillStyle = color;
  context.textAlign = align;
  context.fillText(words, x, y);
  context.globalAlpha = 1;
}

const columnX = (month) => PLOT.left + (PLOT.width * month) / (MONTHS.length - 1);
const rowY = (hours) => PLOT.top + PLOT.height * (1 - hours / TOP_HOURS);

// The slope through a month: none at a peak, and never so steep that the curve overshoots its neighbours.
function slope(hours, month) {
  if (month === 0) return hours[1] - hours[0];
  const before = hours[month] - hours[month - 1];
  if (month === hours.length - 1) return before;
  const after = hours[month + 1] - hours[month];
  return before * after > 0 ? (2 * before * after) / (before + after) : 0;
}

function hoursAt({ hours }, month) {
  const from = Math.min(Math.floor(month), MONTHS.length - 2);
  const part = month - from;
  const rest = 1 - part;
  return (
    hours[from] * (1 + 2 * part) * rest ** 2 +
    slope(hours, from) * part * rest ** 2 +
    hours[from + 1] * part ** 2 * (3 - 2 * part) -
    slope(hours, from + 1) * part ** 2 * rest
  );
}

function drawHeading(time) {
  const shown = easeOut(time / 0.8);
  const rise = 24 * (1 - shown);
  text("Hours rendered, by kind of film", 150, 150 + rise, { weight: 700, size: 68, alpha: shown });
  const later = easeOut((time - 0.25) / 0.8);
  text("One year of an imaginary studio. Illustrative data.", 150, 212, { size: 32, color: MUTED, alpha: later });
}

function drawGrid(time) {
  for (let hours = 0; hours <= TOP_HOURS; hours += 200) {
    const grown = easeInOut(clamp((time - 0.4 - hours / 2000) / 0.8));
    context.strokeStyle = GRID;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(PLOT.left, rowY(hours));
    context.lineTo(PLOT.left + PLOT.width * grown, rowY(hours));
    context.stroke();
    text(String(hours), PLOT.left - 24, rowY(hours) + 9, { size: 24, color: MUTED, align: "right", alpha: grown });
  }
  MONTHS.forEach((month, index) => {
    const shown = easeOut((time - 0.6 - index * 0.05) / 0.5);
    text(month, columnX(index), PLOT.top + PLOT.height + 48, { size: 24, color: MUTED, align: "center", alpha: shown });
  });
}

function trace(series, until) {
  context.moveTo(columnX(0), rowY(series.hours[0]));
  for (let month = 0.05; month < until; month += 0.05) {
    context.lineTo(columnX(month), rowY(hoursAt(series, month)));
  }
  context.lineTo(columnX(until), rowY(hoursAt(series, until)));
}

function drawSeries(series, until) {
  const fill = context.createLinearGradient(0, PLOT.top, 0, PLOT.top + PLOT.height);
  fill.addColorStop(0, `${series.color}38`);
  fill.addColorStop(1, `${series.color}00`);
  context.beginPath();
  trace(series, until);
  context.lineTo(columnX(until), rowY(0));
  context.lineTo(columnX(0), rowY(0));
  context.fillStyle = fill;
  context.fill();

  context.beginPath();
  trace(series, until);
  context.strokeStyle = series.color;
  context.lineWidth = 7;
  context.lineJoin = context.lineCap = "round";
  context.stroke();
}

// Each name keeps to the end of its line, and out of the others' way.
function drawLabels(time, until) {
  const labels = SERIES.map((series) => ({ series, hours: hoursAt(series, until) }));
  labels.sort((one, other) => one.hours - other.hours);
  let free = PLOT.top + PLOT.height - 44;
  for (const label of labels) {
    label.y = Math.min(rowY(label.hours), free);
    free = label.y - 84;
  }
  const shown = easeOut((time - DRAW_FROM_S) / 0.4);
  for (const { series, hours, y } of labels) {
    const x = columnX(until);
    const pulse = 1 + 0.35 * Math.max(0, Math.sin(time * 5)) * (until < MONTHS.length - 1 ? 1 : 0);
    context.globalAlpha = shown;
    context.beginPath();
    context.arc(x, rowY(hours), 12 * pulse, 0, Math.PI * 2);
    context.fillStyle = "#faf7f2";
    context.fill();
    context.lineWidth = 6;
    context.strokeStyle = series.color;
    context.stroke();
    context.globalAlpha = 1;
    text(series.name, x + 32, y - 2, { weight: 700, size: 32, color: series.color, alpha: shown });
    text(`${Math.round(hours)} h`, x + 32, y + 34, { size: 28, color: MUTED, alpha: shown });
  }
}

function drawTotal(time, until) {
  const total = SERIES.reduce((sum, series) => sum + hoursAt(series, until), 0);
  const shown = easeOut((time - 1) / 0.6);
  const month = MONTHS[Math.round(until)];
  text(`all films, ${month}`, 1770, 148, { size: 30, color: MUTED, align: "right", alpha: shown });
  text(`${Math.round(total).toLocaleString("en")} h`, 1770, 222, { weight: 700, size: 72, align: "right", alpha: shown });
}

let startedAt;
function draw(now) {
  startedAt ??= now;
  const time = (now - startedAt) / 1000;
  const until = (MONTHS.length - 1) * easeInOut(clamp((time - DRAW_FROM_S) / DRAW_FOR_S));
  context.fillStyle = "#faf7f2";
  context.fillRect(0, 0, 1920, 1080);
  drawHeading(time);
  drawGrid(time);
  if (time > DRAW_FROM_S) {
    for (const series of SERIES) drawSeries(series, until);
    drawLabels(time, until);
  }
  drawTotal(time, until);
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
