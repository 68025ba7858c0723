// The phones of the demonstration. Each is a client of the messaging layer like any other: it shows what the server
// sends, hides what the person's standing turns off, and would be refused if it did not. What happens is told to the
// rest of the page as "phone" events of the document.

const capabilityWords = {
  'calls.answer': 'Answer calls', 'notifications.receive': 'See notifications of new messages',
  'messages.reply_from_notification': 'Reply from a notification', 'calls.call_back': 'Call back after a missed call',
};
const endings = {
  declined: peer => `${peer} declined`, cancelled: () => 'The call was given up', no_answer: peer => `${peer} did not answer`,
  hung_up: () => 'The call has ended', unavailable: peer => `${peer} is unavailable right now`,
};
const day = at => new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const hour = at => new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
const stamp = at => `${day(at)}, ${hour(at)}`;
const stageName = key => document.querySelector(`[data-stage="${CSS.escape(key)}"]`)?.dataset.name ?? key.replaceAll('_', ' ');

// make builds an element; everything else about it is text, so nothing that people write becomes markup.
function make(tag, className, text, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  element.append(...children);
  return element;
}

// words is make for what people write, which runs the way its first letter does.
const words = (...of) => Object.assign(make(...of), { dir: 'auto' });

// A conversation goes by one key: the peer's id, or that of the group behind a "#".
const keyOf = ({ group, peer }) => (group ? `#${group}` : peer);
const talkOf = key => (key.startsWith('#') ? { group: key.slice(1) } : { peer: key });
const isGroup = key => key?.startsWith('#') ?? false;
const random = () => [...crypto.getRandomValues(new Uint8Array(12))].map(byte => byte.toString(16).padStart(2, '0')).join('');

class Phone {
  constructor(root, socket) {
    Object.assign(this, { root, id: root.dataset.person, name: root.dataset.name, standing: null, open: null, talks: new Map(), call: null, read: new Map(), left: new Set() });
    this.parts = Object.fromEntries([...root.querySelectorAll('[data-part]')].filter(e => !e.closest('[data-peer]')).map(e => [e.dataset.part, e]));
    this.names = new Map([...root.querySelectorAll('[data-peer]')].map(e => [e.dataset.peer, e.dataset.name]));
    root.addEventListener('click', event => this.clicked(event.target.closest('button')));
    this.parts.compose.addEventListener('submit', event => { event.preventDefault(); this.send().catch(() => {}); });
    this.parts['group-form'].addEventListener('submit', event => { event.preventDefault(); this.makeGroup().catch(() => {}); });
    this.link = new Centrifuge(location.origin.replace(/^http/, 'ws') + socket, { token: root.dataset.token });
    this.link.on('connecting', () => this.linked('connecting…'));
    this.link.on('connected', () => { this.linked('connected'); this.recall().catch(() => {}); });
    this.link.on('disconnected', context => this.linked(`not connected: ${context.reason}`));
    this.link.on('subscribed', context => this.joined(context.channel));
    this.link.on('unsubscribed', context => this.cut(context.channel));
    this.link.on('publication', context => this[`on_${context.data.event}`]?.(context.data[context.data.event]));
    this.link.connect();
  }

  nameOf(id) { return id === this.id ? this.name : this.names.get(id) ?? id; }
  can(capability) { return this.standing?.capabilities[capability]?.value !== false; }
  tell(text, more = {}) { document.dispatchEvent(new CustomEvent('phone', { detail: { person: this.id, name: this.name, text, ...more } })); }
  linked(status) {
    this.parts.status.textContent = status;
    this.root.classList.toggle('live', status === 'connected');
    this.parts['start-text'].textContent = status === 'connected' ? 'Connected' : `The phone is ${status}`;
  }

  // recall ends a call that the server no longer knows: it may have been restarted.
  async recall() {
    if (!this.call || this.call.state === 'ended') return;
    const { call } = await this.ask('calls.current');
    if (call?.id !== this.call.id) this.on_call({ ...this.call, state: 'ended', reason: this.call.state === 'ringing' ? 'unavailable' : 'hung_up' });
  }

  // The server joins a connection to the lines its person may hear, and cuts them off live.
  joined(channel) { if (channel === `chats:${this.id}`) this.load(); }
  cut(channel) {
    if (channel !== `chats:${this.id}`) return;
    this.talks.clear();
    this.open = null;
    this.parts.talk.replaceChildren();
    for (const last of this.root.querySelectorAll('[data-part="last"]')) last.textContent = '';
  }

  on_standing(standing) {
    const before = this.standing;
    this.standing = standing;
    this.reopened = before?.campaigns[0]?.stage !== standing.campaigns[0]?.stage || before?.notice?.mode !== standing.notice?.mode;
    if (this.reopened) {
      this.later = this.dismissed = false;
      this.parts.answer.hidden = true;
    }
    if (this.locked && this.can('chats.list')) this.parts.toasts.replaceChildren(); // the chat list shows it all
    this.locked = !this.can('chats.list');
    this.render();
    this.tell(before && this.reopened ? this.moved(before, standing) : '', { standing });
  }
  moved(before, { campaigns: [now] }) {
    if (!now || now.status === 'accepted') return `${this.name} accepted the terms: everything is back`;
    if (now.status !== before.campaigns[0]?.status && now.stage === before.campaigns[0]?.stage) return `${this.name}: ${now.status}`;
    if (!before.notice && now.stage === before.campaigns[0]?.stage) return `${this.name} is told that the terms change`;
    return `${this.name} reaches the stage “${stageName(now.stage)}”`;
  }

  async ask(method, params = {}) {
    this.parts.refused.hidden = true;
    try {
      return (await this.link.rpc(method, params)).data;
    } catch (error) {
      this.refused(error);
      throw error;
    }
  }
  // refused shows in plain words what the server said, and the way out.
  refused(error) {
    const { refused } = this.parts, problem = parse(error.message);
    refused.replaceChildren(make('span', '', problem ? `${problem.detail}.` : 'That did not work. Try again.'));
    if (problem?.accept_url) refused.append(' ', this.review());
    refused.hidden = false;
    if (problem?.capability) this.tell(`The server refuses ${this.name}: ${problem.capability} is off`, { at: null, tone: 'bad' });
  }
  review() {
    const link = make('a', '', 'Review the terms', make('span', 'vh', ' (opens in a new tab)'));
    return Object.assign(link, { href: this.root.dataset.review, target: '_blank', rel: 'noopener' });
  }

  async load() {
    const { chats } = await this.ask('chats.list');
    for (const chat of chats.reverse()) { // the newest goes to the top last
      const key = keyOf(chat);
      if (chat.group) this.names.set(key, chat.title);
      else if (!this.names.has(key)) this.names.set(key, key);
      if (chat.left) this.left.add(key);
      else this.left.delete(key);
      this.preview(key, chat.last, chat.unread);
    }
    if (this.open) this.show(this.open);
    this.render();
  }
  row(peer) {
    const found = this.root.querySelector(`[data-peer="${CSS.escape(peer)}"]`);
    if (found) return found;
    const row = this.parts.chats.firstElementChild.cloneNode(true);
    row.dataset.peer = peer;
    row.querySelector('.face').textContent = isGroup(peer) ? '👥' : this.nameOf(peer).charAt(0).toUpperCase();
    this.parts.chats.append(row);
    return row;
  }
  preview(peer, message, unread) {
    const row = this.row(peer), count = row.querySelector('[data-part="unread"]');
    row.querySelector('b').textContent = this.names.get(peer) ?? (isGroup(peer) ? 'New group' : peer);
    row.querySelector('[data-part="last"]').textContent = (message.from === this.id && ['text', 'missed_call'].includes(message.kind) ? 'You: ' : '') + this.line(message);
    row.querySelector('[data-part="when"]').textContent = new Date(message.sent_at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
    count.textContent = unread;
    count.hidden = !unread;
    count.append(make('span', 'vh', ' unread'));
    this.parts.chats.prepend(row);
  }
  line(message) {
    const who = message.from === this.id ? 'You' : this.nameOf(message.from), whom = message.whom === this.id ? 'you' : this.nameOf(message.whom);
    if (message.kind === 'made') return `${who} made the group`;
    if (message.kind === 'joined') return `${who} brought ${whom} in`;
    if (message.kind === 'left') return message.whom ? `${who} took ${whom} out` : `${who} left the group`;
    if (message.kind !== 'missed_call') return message.body;
    return message.from === this.id ? `Unanswered ${message.call} call` : `Missed ${message.call} call`;
  }

  with(message) { return keyOf({ group: message.group, peer: message.from === this.id ? message.to : message.from }); }
  on_message(message) {
    const peer = this.with(message), talk = this.talk(peer);
    if (isGroup(peer) && (!this.names.has(peer) || message.kind === 'left' || message.kind === 'joined')) this.load().catch(() => {}); // its title, and whether one is in it
    if (talk.some(known => known.id === message.id)) return;
    talk.push(message);
    const incoming = message.from !== this.id, seen = this.open === peer;
    const unread = Number.parseInt(this.row(peer).querySelector('[data-part="unread"]').textContent, 10) || 0;
    this.preview(peer, message, seen ? 0 : unread + (incoming ? 1 : 0));
    if (seen) this.draw(peer);
    if (seen && incoming) this.parts.said.textContent = `${this.nameOf(message.from)}: ${this.line(message)}`;
    if (incoming) this.tell(`${this.name}’s chat list gets ${this.what(message)} from ${this.nameOf(message.from)}`, { at: message.sent_at });
  }
  what(message) { return { text: 'a message', missed_call: 'a missed call' }[message.kind] ?? 'news of a group'; }
  talk(peer) {
    if (!this.talks.has(peer)) this.talks.set(peer, []);
    return this.talks.get(peer);
  }
  async show(peer) {
    this.open = peer;
    for (const toast of this.parts.toasts.querySelectorAll(`[data-from="${CSS.escape(peer)}"]`)) toast.remove();
    this.parts.peer.textContent = this.nameOf(peer);
    for (const name of ['voice', 'video']) this.root.querySelector(`[data-do="${name}"]`).hidden = isGroup(peer);
    this.root.querySelector('[data-do="leave-group"]').hidden = !isGroup(peer) || this.left.has(peer);
    this.parts.compose.hidden = this.left.has(peer);
    this.render();
    this.parts.talk.replaceChildren();
    this.parts.said.textContent = '';
    const { messages } = await this.ask('chats.history', talkOf(peer));
    const known = this.talk(peer).filter(m => !messages.some(n => n.id === m.id));
    this.talks.set(peer, [...messages, ...known]);
    this.draw(peer);
  }
  leave() {
    const row = this.row(this.open);
    this.open = null;
    this.render();
    row.querySelector('button').focus();
  }
  draw(peer) {
    const talk = this.talk(peer), last = talk.findLast(m => m.from !== this.id), seen = talk.findIndex(m => m.id === this.read.get(peer));
    this.parts.talk.replaceChildren(...talk.flatMap((message, i) => {
      const mine = message.from === this.id, call = message.kind !== 'text'; // a line of its own, nobody's words
      const foot = make('time', '', hour(message.sent_at) + (mine && !call && i <= seen ? ' · read' : ''));
      const entry = make('li', `${mine ? 'mine' : 'theirs'}${call ? ' event' : ''}`, '', make('span', isGroup(peer) && !mine && !call ? 'who' : 'vh', `${this.nameOf(message.from)}: `), words('p', '', this.line(message)), foot);
      const sameDay = i > 0 && day(talk[i - 1].sent_at) === day(message.sent_at);
      return sameDay ? [entry] : [make('li', 'date', day(message.sent_at)), entry];
    }));
    this.parts.talk.scrollTop = this.parts.talk.scrollHeight;
    if (last && this.marked !== last.id) {
      this.marked = last.id;
      this.row(peer).querySelector('[data-part="unread"]').hidden = true;
      this.link.rpc('messages.read', { ...talkOf(peer), id: last.id }).catch(() => {});
    }
  }
  on_read({ reader, id, group }) {
    const key = keyOf({ group, peer: reader });
    if (reader === this.id) return; // from another of the person's devices
    this.read.set(key, id);
    if (this.open === key) this.draw(key);
  }
  async send() {
    const input = this.parts.compose.elements.body, body = input.value.trim(), { peer: to, group } = talkOf(this.open);
    if (!body) return;
    // Whoever presses the button again because no answer came sends the same message.
    if (this.draft?.body !== body || this.draft.key !== this.open) this.draft = { body, key: this.open, id: random() };
    const message = await this.ask('messages.send', { ...(group ? { group } : { to }), body, client_id: this.draft.id });
    this.draft = null;
    input.value = '';
    this.on_message(message);
    this.tell(`${this.name} writes to ${this.nameOf(this.with(message))}`, { at: message.sent_at });
  }

  async makeGroup() {
    const form = this.parts['group-form'], title = form.elements.title.value.trim(), members = [...form.querySelectorAll('[name=member]:checked')].map(box => box.value);
    if (!title || !members.length) return;
    const { group } = await this.ask('groups.create', { title, members });
    this.names.set(`#${group}`, title);
    form.reset();
    this.groupForm(false);
    this.tell(`${this.name} makes the group “${title}”`);
    await this.show(`#${group}`);
    this.parts.compose.elements.body.focus({ preventScroll: true });
  }
  groupForm(shown) {
    const button = this.root.querySelector('[data-do="new-group"]');
    this.parts['group-form'].hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
    (shown ? this.parts['group-form'].elements.title : button).focus({ preventScroll: true });
  }
  // leaving a group is open at every stage.
  async leaveGroup() {
    const key = this.open;
    await this.ask('groups.leave', talkOf(key));
    this.left.add(key);
    this.tell(`${this.name} leaves “${this.nameOf(key)}”`);
    await this.show(key);
    this.root.querySelector('[data-do="back"]').focus({ preventScroll: true });
  }

  on_notification(note) {
    const key = this.with(note);
    if (this.open === key && this.can('chats.list')) return;
    const missed = note.kind === 'missed_call', toast = make('article', 'toast'), sender = this.nameOf(note.from);
    const from = note.group ? `${sender}, ${this.names.get(key) ?? 'a group'}` : sender;
    const close = make('button', 'round', '', make('span', 'vh', `Close the notification from ${from}`), '✕');
    close.addEventListener('click', () => toast.remove());
    toast.dataset.from = key;
    toast.append(make('header', '', '', words('b', '', from), make('time', '', stamp(note.sent_at)), close), words('p', '', this.line(note)));
    if (missed) toast.append(this.callBack(note, toast));
    else if (note.reply_token) toast.append(this.reply(note, toast));
    this.parts.toasts.append(toast);
    while (this.parts.toasts.childElementCount > 2) this.parts.toasts.firstElementChild.remove();
    // In the open app the chat list shows it too; without one the notification is all there is, and stays.
    setTimeout(() => { if (this.can('chats.list') && !toast.contains(document.activeElement)) toast.remove(); }, 12000);
    this.tell(`A notification of ${this.what(note)} reaches ${this.name}’s phone`, { at: note.sent_at });
  }
  reply(note, toast) {
    const form = make('form'), input = make('input');
    Object.assign(input, { required: true, dir: 'auto', maxLength: 2000, placeholder: 'Reply', autocomplete: 'off' });
    input.setAttribute('aria-label', `Reply to ${this.nameOf(note.from)}`);
    form.append(input, make('button', '', 'Reply'));
    form.addEventListener('submit', async event => {
      event.preventDefault();
      await this.ask('messages.reply', { reply_token: note.reply_token, body: input.value.trim() });
      toast.remove();
      this.tell(`${this.name} replies from the notification`);
    });
    return form;
  }
  callBack(note, toast) {
    const button = make('button', '', 'Call back');
    button.addEventListener('click', async () => {
      this.placed(await this.ask('calls.call_back', { call: note.id }));
      toast.remove();
    });
    return make('p', 'acts', '', button);
  }

  async place(kind) { this.placed(await this.ask('calls.place', { to: this.open, kind })); }
  placed(call) {
    this.tell(`${this.name} calls ${this.nameOf(call.to)}`);
    this.on_call(call.state === 'unavailable' ? { ...call, state: 'ended', reason: 'unavailable' } : call);
  }
  on_call(call) {
    const peer = this.nameOf(call.from === this.id ? call.to : call.from), ringing = call.state === 'ringing', incoming = call.to === this.id;
    const texts = {
      ringing: incoming ? `${peer} is calling (${call.kind})` : `Calling ${peer}…`, answered: `In a ${call.kind} call with ${peer}`,
      ended: (endings[call.reason] ?? endings.hung_up)(peer),
    };
    clearTimeout(this.hiding);
    const known = this.call?.id === call.id && this.call.state === call.state; // the server says it again
    this.call = call;
    this.parts['call-text'].textContent = texts[call.state];
    this.parts['call-face'].textContent = peer.charAt(0).toUpperCase();
    for (const [action, shown] of [['answer', ringing && incoming], ['decline', ringing && incoming], ['hangup', call.state === 'answered' || ringing && !incoming]]) {
      this.root.querySelector(`[data-do="${action}"]`).hidden = !shown;
    }
    this.parts.call.hidden = false;
    this.parts.call.classList.toggle('ringing', ringing);
    if (call.state === 'ended') this.hiding = setTimeout(() => { this.parts.call.hidden = true; }, 3500);
    if (ringing && incoming && !known) this.tell(`${this.name}’s phone rings`);
    if (call.state !== 'ringing' && call.from === this.id) this.tell(call.state === 'answered' ? `${peer} answers ${this.name}` : `${this.name} hears: ${texts.ended.toLowerCase().startsWith(peer.toLowerCase()) ? texts.ended : texts.ended.toLowerCase()}`);
  }

  clicked(button) {
    if (!button) return;
    const actions = {
      open: () => this.show(button.closest('[data-peer]').dataset.peer).then(() => this.parts.compose.elements.body.focus({ preventScroll: true })),
      back: () => this.leave(), 'new-group': () => this.groupForm(this.parts['group-form'].hidden), 'leave-group': () => this.leaveGroup(),
      voice: () => this.place('voice'), video: () => this.place('video'),
      dismiss: () => { this.dismissed = true; this.render(); }, later: () => { this.later = true; this.render(); },
      answer: () => this.ask('calls.answer', { call: this.call.id }), decline: () => this.ask('calls.decline', { call: this.call.id }),
      hangup: () => this.ask('calls.hang_up', { call: this.call.id }),
    };
    if (button.dataset.try) this.attempt(button.dataset.try);
    // What the server refuses has been shown by then.
    Promise.resolve(actions[button.dataset.do]?.()).catch(() => {});
  }
  // attempt asks for what the phone hides, to show that the server is what enforces.
  async attempt(method) {
    const to = [...this.names.keys()].find(key => !isGroup(key));
    const params = { 'chats.list': {}, 'messages.send': { to, body: 'Can you read this?' }, 'calls.place': { to, kind: 'voice' } }[method];
    const { answer } = this.parts;
    try {
      answer.textContent = JSON.stringify((await this.link.rpc(method, params)).data, null, 2);
    } catch (error) {
      answer.textContent = JSON.stringify(parse(error.message) ?? error.message, null, 2);
      this.tell(`The server refuses ${this.name}: ${method}`, { tone: 'bad' });
    }
    answer.hidden = false;
  }

  // render shows the one view that fits the standing.
  render() {
    if (!this.standing) return;
    const { notice } = this.standing, { locked } = this, full = !locked && notice?.mode === 'full_screen' && !this.later;
    const view = locked ? 'locked' : full ? 'full' : this.open ? 'chat' : 'list';
    for (const name of ['start', 'list', 'chat', 'locked', 'full']) this.parts[name].hidden = name !== view;
    this.parts.banner.hidden = locked || notice?.mode !== 'banner' || this.dismissed === true;
    this.parts['banner-text'].textContent = notice?.next?.at ? `Please choose before ${day(notice.next.at)}.` : 'Please read what is different, then choose.';
    this.parts['full-text'].textContent = notice?.next?.at ? `Nothing is lost yet. From ${day(notice.next.at)} some features stop, until you accept.` : 'Read what is different, then choose.';
    if (locked) this.renderLocked(notice?.next);
  }
  renderLocked(next) {
    const receives = this.can('messages.receive');
    this.parts['locked-title'].textContent = receives ? 'Your chat list is off' : 'Messages and calls are on hold';
    this.parts['locked-text'].textContent = receives
      ? 'It comes back the moment you accept the new terms.'
      : 'They are kept for you, and arrive in order the moment you accept the new terms.';
    const can = Object.keys(capabilityWords).filter(key => this.can(key)).map(key => capabilityWords[key]);
    this.parts.can.replaceChildren(...[...can, 'Read the terms, accept or decline, export your data'].map(text => make('li', '', text)));
    const stage = next?.at && document.querySelector(`[data-stage="${CSS.escape(next.stage)}"]`);
    this.parts['locked-next'].textContent = stage ? `From ${day(next.at)}: ${stage.dataset.text}` : '';
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not one of the server's own problems: the connection failed
  }
}

const { socket } = document.getElementById('main').dataset;
for (const root of document.querySelectorAll('.phone')) new Phone(root, socket);
