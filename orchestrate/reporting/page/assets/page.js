(() => {
  "use strict";
  const { arrays, figures } = JSON.parse(document.getElementById("figures").textContent);
  const root = document.documentElement;
  const plots = [...document.querySelectorAll(".plot")];
  const config = {
    responsive: true, displaylogo: false, showTips: false, typesetMath: false, doubleClick: "reset", plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
  };

  // A figure's copy with its shared arrays, and with the colours of the style sheet in place of their names.
  function filled(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[a-z0-9]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => filled(item, style));
    if (value === null || typeof value !== "object") return value;
    if ("shared" in value) return arrays[value.shared];
    if ("bdata" in value) return value;
    const pairs = Object.entries(value).map(([key, item]) => [key, filled(item, style)]);
    return Object.fromEntries(pairs.map(([key, item]) => [key, key === "fillcolor" && /^#.{6}$/.test(item) ? `${item}59` : item]));
  }

  function axis(own, style, narrow) {
    const line = style.getPropertyValue("--line").trim();
    return { gridcolor: line, linecolor: line, zerolinecolor: style.getPropertyValue("--muted").trim(), zerolinewidth: 0.7,
      automargin: true, fixedrange: narrow, ...own, title: { standoff: 8, ...own.title, font: { size: 11 } } };
  }

  function laidOut(layout, style) {
    const narrow = innerWidth < 600;
    const ink = style.getPropertyValue("--ink").trim();
    const whole = {
      ...layout,
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 12, color: style.getPropertyValue("--muted").trim() },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 8, r: 8, t: 34, b: 8 },
      legend: { orientation: "h", x: 0, y: 1, yref: "container", yanchor: "top", font: { color: ink }, bgcolor: "rgba(0,0,0,0)", itemwidth: 30, traceorder: "normal" },
      hoverlabel: { bgcolor: style.getPropertyValue("--paper").trim(), bordercolor: style.getPropertyValue("--line").trim(), font: { color: ink } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: style.getPropertyValue("--muted").trim(), activecolor: ink },
      dragmode: narrow ? false : "zoom", uirevision: "kept",
    };
    for (const name of Object.keys(layout)) if (/^[xy]axis/.test(name)) whole[name] = axis(whole[name], style, narrow);
    whole.xaxis = { ...axis(layout.xaxis || {}, style, narrow), showgrid: layout.hovermode === "closest" };
    return whole;
  }

  function draw(plot) {
    const figure = figures[plot.dataset.chart];
    const style = getComputedStyle(root);
    plot.dataset.drawn = "yes";
    return Plotly.react(plot, filled(figure.data, style), laidOut(filled(figure.layout, style), style), { ...config, ...(innerWidth < 600 && { displayModeBar: false }) });
  }
  const redraw = () => Promise.all(plots.filter((plot) => plot.dataset.drawn).map(draw));

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });
  plots.forEach((plot) => seen.observe(plot));

  // ---- light and dark
  const button = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  function shown() {
    button.setAttribute("aria-pressed", String(isDark()));
    redraw();
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    shown();
  });
  dark.addEventListener("change", shown);
  button.setAttribute("aria-pressed", String(isDark()));

  // ---- print: everything, and light
  let before;
  addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    plots.forEach(draw);
  });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    redraw();
  });

  // ---- parts of the time, and a logarithmic scale
  document.querySelectorAll("[data-days]").forEach((one) => one.addEventListener("click", () => {
    const plot = document.getElementById(`chart-${one.dataset.of}`);
    const days = Number(one.dataset.days);
    const x = plot._fullData[0].x;
    const last = x[x.length - 1];
    const range = days ? { "xaxis.range": [new Date(last - days * 864e5).toISOString(), new Date(last).toISOString()] } : { "xaxis.autorange": true };
    Plotly.relayout(plot, range);
  }));
  document.querySelectorAll("[data-log]").forEach((one) => one.addEventListener("click", () => {
    const on = one.getAttribute("aria-pressed") !== "true";
    one.setAttribute("aria-pressed", String(on));
    figures[one.dataset.of].layout.yaxis.type = on ? "log" : "linear";
    draw(document.getElementById(`chart-${one.dataset.of}`));
  }));

  // ---- one trace of several
  const choices = [...document.querySelectorAll("[data-choice]")];
  choices.forEach((one) => one.addEventListener("click", () => {
    const { data } = figures[one.dataset.of];
    for (const other of choices.filter((each) => each.dataset.of === one.dataset.of)) {
      other.setAttribute("aria-pressed", String(other === one));
      data[Number(other.dataset.choice)].visible = other === one;
    }
    draw(document.getElementById(`chart-${one.dataset.of}`));
  }));

  // ---- curves that are chosen, and rows that are filtered
  document.querySelectorAll("[data-trace]").forEach((one) => one.addEventListener("change", () => {
    figures[one.dataset.of].data[Number(one.dataset.trace)].visible = one.checked;
    draw(document.getElementById(`chart-${one.dataset.of}`));
  }));
  const words = document.getElementById("words");
  const status = document.getElementById("status");
  if (words && status) {
    const rows = [...document.querySelectorAll("#runs tbody tr")];
    const filter = () => {
      const wanted = words.value.toLowerCase();
      for (const row of rows) {
        const fits = !status.value || row.cells[3].textContent === status.value;
        row.hidden = !fits || !row.textContent.toLowerCase().includes(wanted);
      }
      document.getElementById("count").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length}`;
    };
    const value = (row, place) => Number(row.cells[place].textContent.replace(/[,%+]/g, "").replace("−", "-"));
    document.querySelectorAll("#runs thead th.n").forEach((head) => {
      const place = head.cellIndex;
      const sorter = document.createElement("button");
      sorter.textContent = head.textContent;
      sorter.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        document.querySelectorAll("#runs th[aria-sort]").forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const known = (row) => (Number.isNaN(value(row, place)) ? -Infinity : value(row, place) * (down ? 1 : -1));
        rows.sort((one, other) => known(other) - known(one) || 0);
        rows[0].parentElement.append(...rows);
      });
      head.replaceChildren(sorter);
    });
    words.addEventListener("input", filter);
    status.addEventListener("change", filter);
    filter();
  }
})();
