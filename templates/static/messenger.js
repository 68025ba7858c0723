// Around the phones: the clock, the ladder with who stands where, and the list of what happened. The phones tell what
// they hear as "phone" events of the document.

const part = name => document.querySelector(`[data-part="${name}"]`);
const moment = at => new Date(at).toLocaleString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' }) + ' UTC';
const date = at => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

// The clock runs on from what the server said last. Anything newer that arrives sets it forward.
const clock = {
  base: Date.parse(part('now').dateTime), since: performance.now(),
  now() { return this.base + performance.now() - this.since; },
  set(at) {
    if (!(at > this.now())) return;
    Object.assign(this, { base: at, since: performance.now() });
    this.show();
  },
  show() {
    part('now').textContent = moment(this.now()).replace(' at ', ', ');
    part('now').dateTime = new Date(this.now()).toISOString();
  },
};
setInterval(() => clock.show(), 5000);

// A long way is gone week by week, so that the phones can be watched on it, and stopped.
const week = 7 * 86400e3;
let stopped = false;
part('stop').addEventListener('click', () => { stopped = true; });
part('clock').addEventListener('submit', async event => {
  event.preventDefault();
  const { submitter, target: form } = event, target = submitter.name === 'to' && Date.parse(submitter.value);
  const buttons = form.querySelectorAll('button[name]');
  for (const button of buttons) button.disabled = true;
  stopped = false;
  part('stop').hidden = !(target - clock.now() > week);
  part('result').textContent = 'The clock is moving…';
  let fault = '';
  while (!fault && !stopped && target - clock.now() > week) fault = await move({ advance: '7d' });
  if (!fault && !stopped) fault = await move({ [submitter.name]: submitter.value });
  part('result').textContent = fault;
  part('stop').hidden = true;
  for (const button of buttons) button.disabled = false;
  nextStage();
  submitter.focus();
});

// move answers what went wrong, in words, or nothing.
async function move(body) {
  try {
    const answer = await fetch('/demo/clock', { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify(body) });
    const said = await answer.json();
    if (answer.ok) clock.set(Date.parse(said.now));
    return answer.ok ? '' : said.detail;
  } catch {
    return 'The clock could not be moved. Is the server running?';
  }
}

// nextStage offers to go to where one of the phones changes next.
const standings = new Map();
function nextStage() {
  const ahead = [...standings.values()].flatMap(({ name, standing }) => standing.campaigns.filter(c => c.next?.at && Date.parse(c.next.at) > clock.now()).map(c => ({ name, ...c.next })));
  const soonest = ahead.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))[0];
  if (part('next').disabled) return; // on the way
  part('next').hidden = !soonest;
  if (!soonest) return;
  part('next').value = soonest.at;
  part('next').textContent = `${soonest.name}’s next stage: ${stage(soonest.stage)?.dataset.name ?? soonest.stage}, ${date(soonest.at)}`;
}
const stage = key => document.querySelector(`[data-stage="${CSS.escape(key)}"]`);

// place puts a person's mark on the stage they are in, or below the ladder when nothing is asked of them.
function place(person, name, { campaigns: [now] }) {
  const key = !now || now.status === 'accepted' || now.status === 'exempt' ? 'free' : now.stage;
  const mark = document.getElementById(`mark-${person}`) ?? Object.assign(document.createElement('li'), { id: `mark-${person}`, textContent: name });
  mark.title = now ? `${name}: ${now.status}` : name;
  (stage(key) ?? stage('free')).querySelector('.here').append(mark);
}

document.addEventListener('phone', ({ detail: { person, name, text, standing, at, tone } }) => {
  if (at) clock.set(Date.parse(at));
  if (standing) {
    for (const campaign of standing.campaigns) if (campaign.since) clock.set(Date.parse(campaign.since));
    standings.set(person, { name, standing });
    place(person, name, standing);
    nextStage();
  }
  if (text) log(text, tone);
  const tab = document.querySelector(`[name="shown"][value="${CSS.escape(person)}"]`);
  if (text && !tab.checked) document.querySelector(`.dot[data-for="${CSS.escape(person)}"]`).hidden = false;
});

function log(text, tone) {
  const entry = document.createElement('li'), time = document.createElement('time');
  time.textContent = date(clock.now());
  entry.className = tone ?? '';
  entry.append(time, text);
  part('events').prepend(entry);
  part('no-events').hidden = true;
  while (part('events').childElementCount > 60) part('events').lastElementChild.remove();
}

for (const tab of document.querySelectorAll('[name="shown"]')) {
  tab.addEventListener('change', () => { document.querySelector(`.dot[data-for="${CSS.escape(tab.value)}"]`).hidden = true; });
}
