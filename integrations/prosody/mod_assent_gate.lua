-- Holds the users of a Prosody host to the stage they are at with new terms.
--
-- What each person may do is read from Assent once (the snapshot), followed from
-- there (the stream), and asked for where a stale answer would hurt (the decision
-- point). When Assent cannot be reached, everybody stays as last known: silence
-- never takes anything away. See README.md.

local async = require "util.async";
local cache = require "util.cache";
local filters = require "util.filters";
local hmac_sha256 = require "util.hashes".hmac_sha256;
local http = require "net.http";
local jid = require "util.jid";
local json = require "util.json";
local promise = require "util.promise";
local random = require "util.random";
local st = require "util.stanza";
local urlencode = require "util.http".urlencode;
local base64 = require "util.encodings".base64;

local base = module:get_option_string("assent_url", "http://127.0.0.1:8080"):gsub("/$", "");
local key = module:get_option_string("assent_key");
local point = module:get_option_string("assent_point", "prosody");
local ask = module:get_option_string("assent_ask", "refusals");
local on_silence = module:get_option_string("assent_on_silence", "hold");
local silence = module:get_option_number("assent_silence", 600);
local reply_ttl = module:get_option_number("assent_reply_ttl", 3 * 86400);
local mailbox_ttl = module:get_option_number("assent_mailbox_ttl", 30 * 86400);

local xmlns = "urn:assent:terms:0";
local xmlns_jmi = "urn:xmpp:jingle-message:0";
local xmlns_jingle = "urn:xmpp:jingle:1";
local before_others = 500; -- priority of our hooks

-- Whom everybody can always write to, call, and hear from.
local exits = module:get_option_inherited_set("assent_exits", {});
local function is_exit(address) return address and exits:contains(jid.bare(address)); end

local counts = { refused = 0, held = 0, unanswered = 0, silences = 0 }; -- reported to Assent
local function count(what) counts[what] = counts[what] + 1; end

-- Who may do what ------------------------------------------------------------

local rules = {}; -- key → { capability → { allowed, stage, accept_url, … } }
local people = {}; -- person → key of their rules; who is not in it may do everything
local mark; -- up to which the above is known; nil until the first snapshot is read
local lifted = false; -- everybody is let through: Assent has been silent for too long

-- The person that a user is to Assent. Override with assent_person = function.
local person_of = module:get_option("assent_person") or function(username) return username; end

-- refused returns the rule that takes a capability from a user, or nil, as last
-- heard.
local function refused(username, capability)
	if lifted then return; end
	local rule = (rules[people[person_of(username)] or ""] or {})[capability];
	if rule and not rule.allowed then return rule; end
end

local headers = { ["Authorization"] = "Bearer " .. (key or ""), ["Accept"] = "text/event-stream, application/json" };

-- send sends JSON to Assent. Returns a promise of the response.
local function send(method, path, data)
	return http.request(base .. path, { method = method, body = json.encode(data),
		headers = { ["Authorization"] = headers.Authorization, ["Content-Type"] = "application/json" } });
end

local function in_time(pending, seconds)
	return promise.race({ pending, promise.new(function(_, reject)
		module:add_timer(seconds, function() reject("no answer in time"); end);
	end) });
end

local allowed = cache.new(10000); -- person and capability → until when a yes may be used

-- asked is what the decision point says (AuthZEN 1.0), or what is known, when it
-- does not answer. A yes is used for as long as it says; a no is asked again each
-- time.
local function asked(username, capability, known)
	local person = person_of(username);
	local ends = allowed:get(person .. " " .. capability);
	if ends and ends > os.time() then return; end
	local response, err = async.wait_for(in_time(send("POST", "/access/v1/evaluation", {
		subject = { type = "user", id = person }, action = { name = capability },
		resource = { type = "host", id = module.host }, context = { point = point },
	}), 1));
	local said = response and response.code == 200 and json.decode(response.body);
	if not said then
		count("unanswered");
		module:log("debug", "Assent does not say whether %s may %s: %s", person, capability, err or response.code);
		return known;
	end
	if not said.decision then return said.context or {}; end
	allowed:set(person .. " " .. capability, os.time() + said.context.ttl);
end

-- decide is refused, asked for anew as the setting says: by default before a
-- refusal is told, so that none outlives an acceptance not heard of yet. Only the
-- session that asks waits.
local function decide(username, capability)
	local rule = refused(username, capability);
	if not async.ready() or ask == "never" or (ask == "refusals" and not rule) then return rule; end
	return asked(username, capability, rule);
end

local function sessions_of(username)
	local user = prosody.hosts[module.host].sessions[username];
	return user and user.sessions or {};
end

-- drain hands what was held to a session that is open, in order.
local function drain(username)
	for _, session in pairs(sessions_of(username)) do
		if session.presence and (session.priority or 0) >= 0 then
			module:fire_event("message/offline/broadcast", { origin = session });
			return;
		end
	end
end

-- inform tells a user's open sessions where they stand.
local function inform(username)
	local rule = refused(username, "messages.receive") or refused(username, "messages.send");
	for _, session in pairs(sessions_of(username)) do
		session.send(st.message({ type = "headline", from = module.host, to = session.full_jid })
			:tag("standing", { xmlns = xmlns, stage = rule and rule.stage, accept_url = rule and rule.accept_url }));
	end
end

local usernames = {}; -- person → username, of users who are or were here

local function set(person, rules_key)
	local username = usernames[person] or person;
	local held = refused(username, "messages.receive");
	local before = people[person];
	people[person] = rules_key ~= "default" and rules_key or nil;
	if before == people[person] then return; end
	for capability in pairs(rules[before or rules_key] or {}) do allowed:set(person .. " " .. capability, nil); end
	inform(username);
	if held and not refused(username, "messages.receive") then drain(username); end
end

-- lift lets everybody through, or no longer.
local function lift(now)
	if now == lifted then return; end
	lifted = now;
	module:log("warn", "Assent has been silent for %s: %s", now and "too long" or "no longer", now and "everybody is let through" or "its rules hold again");
	for person in pairs(people) do
		local username = usernames[person] or person;
		inform(username);
		if lifted then drain(username); end
	end
end

-- Following Assent -----------------------------------------------------------

local connect; -- forward
local waiting = {}; -- users whose messages wait for the first snapshot
local following; -- the request of the stream, while it is open
local heard = os.time(); -- when Assent last said something
local asked = heard; -- when the stream was last asked for

local started = os.time();

-- begins tells that nothing is known yet, for a moment after a start.
local function begins() return not mark and os.time() - started < 20; end

local function release()
	local all = waiting;
	waiting = {};
	for username in pairs(all) do drain(username); end
end

local function again(why)
	following = nil;
	count("silences");
	module:log("warn", "Assent is not followed (%s); everybody stays as last known", why);
	module:add_timer(1, function() connect(); end);
end

-- on_event takes one event of the stream. Returns false when all must be read anew.
local function on_event(name, id, data)
	heard = os.time();
	if name == "reset" then
		mark = nil;
		return false;
	elseif name == "rules" then
		rules[data.rules] = data.capabilities;
	elseif name == "person" then
		set(data.person, data.rules);
	elseif name == "mark" then
		mark = id or mark;
	end
	return true;
end

-- sink cuts a stream of server-sent events into events.
local function sink()
	local buffer = "";
	return { write = function(_, chunk)
		buffer = buffer .. chunk;
		while true do
			local stop = buffer:find("\n\n", 1, true);
			if not stop then return true; end
			local name, id, text;
			for line in buffer:sub(1, stop):gmatch("([^\n]+)\n") do
				local field, value = line:match("^(%w+): ?(.*)$");
				if field == "event" then name = value; elseif field == "id" then id = value; elseif field == "data" then text = value; end
			end
			buffer = buffer:sub(stop + 2);
			if name and not on_event(name, id, json.decode(text or "{}") or {}) then return false; end
		end
	end };
end

local function stream()
	local request;
	local ok = false;
	request = http.request(base .. "/api/v1/enforcement/stream?after=" .. urlencode(mark), {
		headers = headers;
		streaming_handler = function(response)
			ok = response.code == 200;
			if ok then module:log("info", "following Assent from %s", mark); end
			return ok and sink() or { write = function() return true; end };
		end;
	}, function(_, code)
		if not ok and code == 422 then mark = nil; end -- a mark it does not know: begin again
		again("the stream ended: " .. tostring(code));
	end);
	following, asked = request, os.time();
end

-- tick notices a connection that died without a word, lifts what the operator
-- wants lifted, and reports how far this host has come.
local function tick()
	local silent = os.time() - heard;
	if following and following.conn and os.time() - math.max(heard, asked) > 20 then
		http.destroy_request(following);
		again("silence");
	end
	if not begins() then release(); end
	lift(on_silence == "allow" and silent > silence);
	if mark then
		in_time(send("PUT", "/api/v1/enforcement/points/" .. point, { kind = "prosody", revision = tonumber(mark:match("^%d+")), on_silence = on_silence, counts = counts }), 5)
			:catch(function() end); -- the stream notices as well
	end
	return 5;
end

-- earlier is how far both of two marks go, each REVISION-MICROSECONDS.
local function earlier(a, b)
	local revision_a, turned_a = a:match("^(%d+)-(-?%d+)$");
	local revision_b, turned_b = b:match("^(%d+)-(-?%d+)$");
	local function lesser(x, y) return tonumber(x) < tonumber(y) and x or y; end
	return lesser(revision_a, revision_b) .. "-" .. lesser(turned_a, turned_b);
end

-- snapshot reads everybody, page by page, and then follows. Pages may come from
-- several servers: what is read goes as far as the least of them.
local function snapshot(after, fresh, least)
	http.request(base .. "/api/v1/enforcement?after=" .. urlencode(after), { headers = headers }, function(body, code)
		local page = code == 200 and json.decode(body);
		if not page then return again("the snapshot answered " .. tostring(code)); end
		for k, capabilities in pairs(page.rules) do rules[k] = capabilities; end
		for _, p in ipairs(page.people) do fresh[p.person] = p.rules; end
		least = earlier(least or page.mark, page.mark);
		if page.next ~= "" then return snapshot(page.next, fresh, least); end
		for person in pairs(people) do
			if not fresh[person] then set(person, "default"); end
		end
		for person, k in pairs(fresh) do set(person, k); end
		mark, heard = least, os.time();
		release();
		stream();
	end);
end

-- connect goes on after the mark. Who was away for long reads everything again: the
-- database may have been put back to an older state, and have gone on from there.
function connect()
	if mark and os.time() - heard < 600 then stream(); else snapshot("", {}); end
end

-- Reply tokens ---------------------------------------------------------------
-- A notification is replied to with the token that came with it: it names the
-- recipient, their resource, the peer, and when it ends, and works once.

local secret = random.bytes(32); -- a restart ends the tokens that are out
local used = cache.new(100000);

local function signature(...)
	return base64.encode(hmac_sha256(secret, table.concat({ ... }, "\0")));
end

local function token_for(full_jid, peer)
	local nonce, ends = base64.encode(random.bytes(9)), tostring(os.time() + reply_ttl);
	return nonce .. " " .. ends .. " " .. signature(full_jid, peer, nonce, ends);
end

local function replies(stanza, session)
	local text = stanza:get_child_text("reply-token", xmlns) or "";
	local nonce, ends, mac = text:match("^(%S+) (%d+) (%S+)$");
	if not nonce or mac ~= signature(session.full_jid, jid.bare(stanza.attr.to), nonce, ends) then return false; end
	if tonumber(ends) <= os.time() or used:get(nonce) then return false; end
	used:set(nonce, true);
	return true;
end

-- What a user does -----------------------------------------------------------

local function refuse(session, stanza, capability, rule)
	count("refused");
	local problem = st.error_reply(stanza, "auth", "policy-violation", "Accept the terms to use this; accepting brings it back at once")
		:tag("refusal", { xmlns = xmlns, capability = capability, stage = rule.stage, accept_url = rule.accept_url });
	session.send(problem);
	return true;
end

local missed = cache.new(100000); -- "callee caller" → when they rang and were not answered

local function missed_key(callee, caller) return callee .. " " .. caller; end

-- capability_for_call is what it takes to send a call's signal; nil for what is
-- always open: declining, hanging up.
local function capability_for_call(name, session, stanza)
	if name == "propose" or name == "session-initiate" then
		local at = missed:get(missed_key(session.username, jid.bare(stanza.attr.to)));
		return at and os.time() - at < reply_ttl and "calls.call_back" or "calls.place";
	elseif name == "proceed" or name == "accept" or name == "session-accept" then
		return "calls.answer";
	end
end

local function call_signal(stanza)
	for child in stanza:childtags(nil, xmlns_jmi) do return child.name; end
	local jingle = stanza:get_child("jingle", xmlns_jingle);
	return jingle and jingle.attr.action;
end

-- has_content tells whether a message says something, readable here or not.
local function has_content(stanza)
	for _, child in ipairs(stanza.tags) do
		if child.name == "body" or child.name == "encrypted" or child.name == "openpgp" then return true; end
	end
	return false;
end

local function sending(event)
	local session, stanza = event.origin, event.stanza;
	if session.type ~= "c2s" or stanza.attr.type == "error" or is_exit(stanza.attr.to) then return; end
	local capability;
	local signal = call_signal(stanza);
	if signal then
		capability = capability_for_call(signal, session, stanza);
	elseif has_content(stanza) then
		capability = "messages.send";
	end
	local rule = capability and decide(session.username, capability);
	if rule and capability == "messages.send" and replies(stanza, session) then
		capability = "messages.reply_from_notification";
		rule = decide(session.username, capability);
	end
	if rule then return refuse(session, stanza, capability, rule); end
	stanza:remove_children("reply-token", xmlns);
end

local function asking(event)
	local session, stanza = event.origin, event.stanza;
	if session.type ~= "c2s" or (stanza.attr.type ~= "get" and stanza.attr.type ~= "set") or is_exit(stanza.attr.to) then return; end
	local capability;
	local signal = call_signal(stanza);
	if signal then
		capability = capability_for_call(signal, session, stanza);
	elseif stanza.attr.type == "get" and stanza:get_child("query", "jabber:iq:roster") then
		capability = "chats.list";
	elseif stanza:get_child("query", "urn:xmpp:mam:2") then
		capability = "chats.history";
	end
	local rule = capability and decide(session.username, capability);
	if rule then return refuse(session, stanza, capability, rule); end
end

for _, kind in ipairs({ "bare", "full", "host" }) do
	module:hook("pre-message/" .. kind, sending, before_others);
	module:hook("pre-iq/" .. kind, asking, before_others);
end
-- Without an address these are for the user's own account.
module:hook("pre-iq/self", asking, before_others);

-- What reaches a user --------------------------------------------------------

local held_messages = module:open_store("offline", "archive");

-- hold keeps a message in the offline store. Those who keep it are not notified.
local function hold(origin, stanza, username)
	if held_messages:append(username, nil, st.clone(stanza), os.time(), xmlns) then
		count("held");
	else -- as for anybody whose offline store is full
		origin.send(st.error_reply(stanza, "cancel", "service-unavailable"));
	end
	return true;
end

local function receiving(event)
	local stanza = event.stanza;
	local username = jid.node(stanza.attr.to);
	if not username or stanza.attr.type == "error" or is_exit(stanza.attr.from) then return; end
	local signal = call_signal(stanza);
	if signal == "propose" or signal == "session-initiate" then
		missed:set(missed_key(username, jid.bare(stanza.attr.from)), os.time());
		if refused(username, "calls.answer") then
			-- As for anybody who is not there: the caller does not learn why.
			event.origin.send(st.error_reply(stanza, "cancel", "service-unavailable"));
			return true;
		end
	elseif has_content(stanza) and refused(username, "messages.receive") then
		return hold(event.origin, stanza, username);
	end
end

for _, kind in ipairs({ "bare", "full" }) do
	module:hook("message/" .. kind, receiving, before_others);
	module:hook("iq/" .. kind, function(event)
		if call_signal(event.stanza) == "session-initiate" then return receiving(event); end
	end, before_others);
end

-- What is held stays so when its owner signs in; what was held for too long is
-- gone.
module:hook("message/offline/broadcast", function(event)
	local username = event.origin.username;
	local old = {};
	for id in held_messages:find(username, { with = xmlns, ["end"] = os.time() - mailbox_ttl }) or function() end do old[#old + 1] = id; end
	for _, id in ipairs(old) do held_messages:delete(username, { key = id }); end
	if begins() then waiting[username] = true; end
	if waiting[username] or refused(username, "messages.receive") then return true; end
end, before_others);

-- Each session gets a token of its own with every message, while its user
-- cannot write otherwise.
local function with_token(stanza, session)
	if stanza.name == "message" and stanza.attr.type ~= "error" and has_content(stanza)
		and session.username and refused(session.username, "messages.send") then
		local peer = jid.bare(stanza.attr.from);
		if peer and peer ~= jid.join(session.username, session.host) then
			stanza = st.clone(stanza);
			stanza:tag("reply-token", { xmlns = xmlns }):text(token_for(session.full_jid, peer)):up();
		end
	end
	return stanza;
end

module:hook("resource-bind", function(event)
	local session = event.session;
	usernames[person_of(session.username)] = session.username;
	filters.add_filter(session, "stanzas/out", with_token);
end);

-- Whoever comes is told where they stand.
module:hook("presence/initial", function(event)
	if event.origin.username and refused(event.origin.username, "messages.send") then inform(event.origin.username); end
end, -1);

-- ---------------------------------------------------------------------------

function module.load()
	if not key then
		module:log("error", "assent_key is not set: give it a key with the scope decisions:read; nobody is held to anything");
		return;
	end
	connect();
	module:add_timer(5, tick);
end
