// Charts: data from the page's JSON, colours from the style sheet, a table and CSV beside each.
(() => {
  "use strict";
  const MEANINGS = { progress: 1, success: 2, warning: 3, info: 4, danger: 5, neutral: 6 };
  const drawn = new Map();
  const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const colour = (series, index) => value(`--chart-${MEANINGS[series.colour] || (index % 6) + 1}`);
  const format = new Intl.NumberFormat(document.documentElement.lang);

  const option = (spec) => {
    const bars = spec.kind === "bar" || spec.kind === "stacked";
    const faint = value("--text-faint");
    const line = value("--line");
    const direct = spec.series.length <= 3 && !bars;
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      animationDuration: 250,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: direct && spec.series.length > 1 ? 96 : 16, top: spec.series.length > 1 && !direct ? 36 : 16, bottom: 8, containLabel: true },
      legend: { show: spec.series.length > 1 && !direct, top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: value("--text") } },
      tooltip: {
        trigger: "axis", backgroundColor: value("--surface-raised"), borderColor: line, textStyle: { color: value("--text"), fontSize: 12 },
        axisPointer: { type: bars ? "shadow" : "line", shadowStyle: { color: line, opacity: 0.3 } }, renderMode: "richText",
        valueFormatter: (number) => number === null || number === undefined ? "–" : `${format.format(number)}${spec.unit ? ` ${spec.unit}` : ""}`,
      },
      xAxis: { type: "category", data: spec.categories, boundaryGap: bars, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, axisLabel: { color: faint, hideOverlap: true } },
      yAxis: { type: "value", min: bars ? 0 : undefined, scale: !bars, splitNumber: 4, splitLine: { lineStyle: { color: line } }, axisLabel: { color: faint, formatter: (number) => format.format(number) } },
      series: spec.series.map((series, index) => ({
        name: series.name, data: series.values, type: bars ? "bar" : "line", stack: spec.kind === "stacked" ? "all" : undefined,
        color: colour(series, index), barMaxWidth: 28, itemStyle: bars ? { borderRadius: spec.kind === "stacked" ? 0 : [3, 3, 0, 0] } : undefined,
        lineStyle: { width: 2, type: series.dashed ? "dashed" : "solid" }, symbol: "circle", symbolSize: 6, showSymbol: spec.categories.length < 16,
        areaStyle: spec.kind === "area" ? { opacity: 0.12 } : undefined,
        endLabel: { show: direct && spec.series.length > 1, formatter: "{a}", color: colour(series, index), distance: 8 },
      })),
    };
  };

  const draw = (figure) => {
    const canvas = figure.querySelector(".chart-canvas");
    const spec = JSON.parse(document.getElementById(`${canvas.id}-data`).textContent);
    const old = drawn.get(canvas);
    if (old) old.dispose();
    const chart = window.echarts.init(canvas, null, { renderer: "canvas" });
    chart.setOption(option(spec));
    drawn.set(canvas, chart);
  };
  const all = () => document.querySelectorAll("[data-chart]").forEach(draw);

  const csv = (figure) => {
    const rows = [...figure.querySelectorAll("tr")].map((row) =>
      [...row.children].map((cell) => `"${cell.textContent.trim().replaceAll('"', '""')}"`).join(","));
    return new Blob([`\ufeff${rows.join("\r\n")}\r\n`], { type: "text/csv" });
  };
  document.addEventListener("click", (event) => {
    const figure = event.target.closest("[data-chart]");
    if (!figure) return;
    const toggle = event.target.closest("[data-chart-table]");
    if (toggle) {
      const table = figure.querySelector(".chart-table");
      table.hidden = !table.hidden;
      figure.querySelector(".chart-canvas").hidden = !table.hidden;
      toggle.setAttribute("aria-expanded", String(!table.hidden));
    }
    const save = event.target.closest("[data-chart-csv]");
    if (save) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(csv(figure));
      link.download = save.dataset.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    }
  });
  all();
  document.addEventListener("theme-changed", all);
  document.addEventListener("htmx:afterSettle", all);
  window.addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
})();
