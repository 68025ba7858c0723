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

class Phone {
  constructor(root, socket) {
    Object.assign(this, { root, id: root.dataset.person, name: root.dataset.name, standing: null, open: null, talks: new Map(), call: null, read: new Map() });
    this.parts = Object.fromEntries([...root.querySelectorAll('[data-part]')].filter(e => !e.closest('[data-peer]')).map(e => [e.dataset.part, e]));
    this.names = new Map([...root.querySelectorAll('[data-peer]')].map(e => [e.dataset.peer, e.dataset.name]));
    root.addEventListener('click', event => this.clicked(event.target.closest('button')));
    this.parts.compose.addEventListener('submit', event => { event.preventDefault(); this.send(); });
    this.link = new Centrifuge(location.origin.replace(/^http/, 'ws') + socket, { token: root.dataset.token });
    this.link.on('connecting', () => this.linked('connecting…'));
    this.link.on('connected', () => this.linked('connected'));
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
    for (const chat of chats) {
      this.names.has(chat.peer) || this.names.set(chat.peer, chat.peer);
      this.preview(chat.peer, chat.last, chat.unread);
    }
    if (this.open) this.show(this.open);
    this.render();
  }
  row(peer) {
    const found = this.root.querySelector(`[data-peer="${CSS.escape(peer)}"]`);
    if (found) return found;
    const row = this.parts.chats.firstElementChild.cloneNode(true);
    row.dataset.peer = peer;
    row.querySelector('b').textContent = this.nameOf(peer);
    row.querySelector('.face').textContent = this.nameOf(peer).charAt(0).toUpperCase();
    this.parts.chats.append(row);
    return row;
  }
  preview(peer, message, unread) {
    const row = this.row(peer), count = row.querySelector('[data-part="unread"]');
    row.querySelector('[data-part="last"]').textContent = (message.from === this.id ? 'You: ' : '') + this.line(message);
    row.querySelector('[data-part="when"]').textContent = new Date(message.sent_at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
    count.textContent = unread;
    count.hidden = !unread;
    count.append(make('span', 'vh', ' unread'));
    this.parts.chats.prepend(row);
  }
  line(message) {
    if (message.kind !== 'missed_call') return message.body;
    return message.from === this.id ? `Unanswered ${message.call} call` : `Missed ${message.call} call`;
  }

  on_message(message) {
    const peer = message.from === this.id ? message.to : message.from, talk = this.talk(peer);
    if (talk.some(known => known.id === message.id)) return;
    talk.push(message);
    const incoming = message.from !== this.id, seen = this.open === peer;
    const unread = Number.parseInt(this.row(peer).querySelector('[data-part="unread"]').textContent, 10) || 0;
    this.preview(peer, message, incoming && !seen ? unread + 1 : 0);
    if (seen) this.draw(peer);
    if (incoming) this.tell(`${this.name}’s chat list gets ${this.what(message)} from ${this.nameOf(peer)}`, { at: message.sent_at });
  }
  what(message) { return message.kind === 'missed_call' ? 'a missed call' : 'a message'; }
  talk(peer) {
    if (!this.talks.has(peer)) this.talks.set(peer, []);
    return this.talks.get(peer);
  }
  async show(peer) {
    this.open = peer;
    for (const toast of this.parts.toasts.querySelectorAll(`[data-from="${CSS.escape(peer)}"]`)) toast.remove();
    this.parts.peer.textContent = this.nameOf(peer);
    this.render();
    this.parts.talk.replaceChildren();
    const { messages } = await this.ask('chats.history', { peer });
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
      const mine = message.from === this.id, call = message.kind === 'missed_call';
      const foot = make('time', '', hour(message.sent_at) + (mine && !call && i <= seen ? ' · read' : ''));
      const entry = make('li', `${mine ? 'mine' : 'theirs'}${call ? ' event' : ''}`, '', make('span', 'vh', `${this.nameOf(message.from)}: `), make('p', '', this.line(message)), foot);
      const sameDay = i > 0 && day(talk[i - 1].sent_at) === day(message.sent_at);
      return sameDay ? [entry] : [make('li', 'date', day(message.sent_at)), entry];
    }));
    this.parts.talk.scrollTop = this.parts.talk.scrollHeight;
    if (last && this.marked !== last.id) {
      this.marked = last.id;
      this.row(peer).querySelector('[data-part="unread"]').hidden = true;
      this.link.rpc('messages.read', { peer, id: last.id }).catch(() => {});
    }
  }
  on_read({ reader, id }) {
    this.read.set(reader, id);
    if (this.open === reader) this.draw(reader);
  }
  async send() {
    const input = this.parts.compose.elements.body, body = input.value.trim();
    if (!body) return;
    const message = await this.ask('messages.send', { to: this.open, body });
    input.value = '';
    this.on_message(message);
    this.tell(`${this.name} writes to ${this.nameOf(message.to)}`, { at: message.sent_at });
  }

  on_notification(note) {
    if (this.open === note.from && this.can('chats.list')) return;
    const missed = note.kind === 'missed_call', toast = make('article', 'toast'), from = this.nameOf(note.from);
    const close = make('button', 'round', '', make('span', 'vh', `Close the notification from ${from}`), '✕');
    close.addEventListener('click', () => toast.remove());
    toast.dataset.from = note.from;
    toast.append(make('header', '', '', make('b', '', from), make('time', '', stamp(note.sent_at)), close), make('p', '', this.line(note)));
    toast.append(missed ? this.callBack(note, toast) : this.reply(note, toast));
    this.parts.toasts.append(toast);
    while (this.parts.toasts.childElementCount > 2) this.parts.toasts.firstElementChild.remove();
    // In the open app the chat list shows it too; without one the notification is all there is, and stays.
    setTimeout(() => { if (this.can('chats.list') && !toast.contains(document.activeElement)) toast.remove(); }, 12000);
    this.tell(`A notification of ${this.what(note)} reaches ${this.name}’s phone`, { at: note.sent_at });
  }
  reply(note, toast) {
    const form = make('form'), input = make('input');
    Object.assign(input, { required: true, maxLength: 2000, placeholder: 'Reply', autocomplete: 'off' });
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
    this.call = call;
    this.parts['call-text'].textContent = texts[call.state];
    this.parts['call-face'].textContent = peer.charAt(0).toUpperCase();
    for (const [action, shown] of [['answer', ringing && incoming], ['decline', ringing && incoming], ['hangup', call.state === 'answered' || ringing && !incoming]]) {
      this.root.querySelector(`[data-do="${action}"]`).hidden = !shown;
    }
    this.parts.call.hidden = false;
    this.parts.call.classList.toggle('ringing', ringing);
    if (call.state === 'ended') this.hiding = setTimeout(() => { this.parts.call.hidden = true; }, 3500);
    if (ringing && incoming) this.tell(`${this.name}’s phone rings`);
    if (call.state !== 'ringing' && call.from === this.id) this.tell(call.state === 'answered' ? `${peer} answers ${this.name}` : `${this.name} hears: ${texts.ended.toLowerCase().startsWith(peer.toLowerCase()) ? texts.ended : texts.ended.toLowerCase()}`);
  }

  clicked(button) {
    if (!button) return;
    const actions = {
      open: () => this.show(button.closest('[data-peer]').dataset.peer).then(() => this.parts.compose.elements.body.focus({ preventScroll: true })),
      back: () => this.leave(),
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
    const to = this.names.keys().next().value;
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
