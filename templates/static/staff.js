// Charts: the data table under each figure is the source; its rows carry data-x in units of the drawing. The pointer or
// the arrow keys move a hair line and read the values; Escape hides it. Without this script the table says the same.
for (const figure of document.querySelectorAll('figure[data-chart]')) {
  const plot = figure.querySelector('.plot'), rows = [...figure.querySelectorAll('tr[data-x]')];
  if (!plot || !rows.length) continue;
  const svg = plot.querySelector('svg'), hair = svg.querySelector('.hair');
  const heads = [...figure.querySelectorAll('thead th')].map(head => head.textContent.trim());
  const tip = Object.assign(document.createElement('div'), { className: 'tip' });
  const live = Object.assign(document.createElement('p'), { className: 'vh' });
  live.setAttribute('aria-live', 'polite');
  plot.append(tip);
  figure.append(live);
  plot.setAttribute('aria-label', plot.getAttribute('aria-label') + '. Arrow keys read the values.');

  const scale = () => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  const last = +rows.at(-1).dataset.x; // on a narrow screen, begin with today in sight
  plot.scrollLeft = last * scale() - plot.clientWidth * 0.7;

  let at = -1;
  const show = (index, aloud) => {
    at = Math.max(0, Math.min(rows.length - 1, index));
    const x = +rows[at].dataset.x, cells = [...rows[at].cells].map(cell => cell.textContent.trim());
    hair.setAttribute('x1', x);
    hair.setAttribute('x2', x);
    tip.textContent = [cells[0], ...cells.slice(1).map((cell, i) => heads[i + 1] + ': ' + cell)].join('\n');
    const left = svg.getBoundingClientRect().left - plot.getBoundingClientRect().left + plot.scrollLeft + x * scale();
    const fits = left + 10 + tip.offsetWidth < plot.scrollWidth - 8;
    tip.style.left = (fits ? left + 10 : left - tip.offsetWidth - 10) + 'px';
    hair.style.visibility = tip.style.visibility = 'visible';
    if (aloud) live.textContent = tip.textContent.replaceAll('\n', ', ');
  };
  const hide = () => { hair.style.visibility = tip.style.visibility = 'hidden'; };

  svg.addEventListener('pointermove', event => {
    const x = (event.clientX - svg.getBoundingClientRect().left) / scale();
    const away = row => Math.abs(row.dataset.x - x);
    show(rows.reduce((best, row, i) => away(row) < away(rows[best]) ? i : best, 0));
  });
  svg.addEventListener('pointerleave', hide);
  plot.addEventListener('blur', hide);
  plot.addEventListener('keydown', event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      event.preventDefault();
      show(at < 0 ? rows.length - 1 : at + step, true);
    }
    if (event.key === 'Escape') hide();
  });
}

// A letter is shown whole. Its frame runs no scripts; without this one it is as high as most letters are.
for (const frame of document.querySelectorAll('.letter iframe')) {
  const fit = () => {
    const letter = frame.contentDocument?.documentElement;
    if (letter) frame.style.blockSize = letter.scrollHeight + 'px';
  };
  frame.addEventListener('load', fit);
  new ResizeObserver(fit).observe(frame.parentElement);
  fit();
}
