%% Holds the users of an ejabberd host to the stage they are at with new terms.
%%
%% This file is what happens to stanzas; what each person may do is kept by
%% mod_assent_gate_feed. See ../README.md.

-module(mod_assent_gate).
-behaviour(gen_mod).

-export([start/2, stop/1, reload/3, depends/2, mod_opt_type/1, mod_options/1, mod_doc/0]).
-export([sending/1, receiving/1, delivering/1, before_offline/1, after_offline/1, told/2]).

-include("logger.hrl").
-include("xmpp.hrl").
-include("mod_offline.hrl").

-define(XMLNS, <<"urn:assent:terms:0">>).
-define(NS_JINGLE_MESSAGES, <<"urn:xmpp:jingle-message:0">>).
-define(NS_JINGLE_CALLS, <<"urn:xmpp:jingle:1">>).
-define(FEED, mod_assent_gate_feed).

%% The module ------------------------------------------------------------------

start(Host, Opts) ->
    case gen_mod:start_child(?FEED, Host, Opts) of
        {ok, _} = Started ->
            lists:foreach(fun({Hook, Fun, Seq}) -> ejabberd_hooks:add(Hook, Host, ?MODULE, Fun, Seq) end, hooks()),
            Started;
        Failed ->
            Failed
    end.

stop(Host) ->
    lists:foreach(fun({Hook, Fun, Seq}) -> ejabberd_hooks:delete(Hook, Host, ?MODULE, Fun, Seq) end, hooks()),
    gen_mod:stop_child(?FEED, Host).

reload(Host, _New, _Old) ->
    ?FEED:reload(Host).

%% Before the archive and the copies for other devices see a stanza (88, 89), and
%% around mod_offline's turn at a presence (50). A token is added after them.
hooks() ->
    [{user_send_packet, sending, 10},
     {sm_receive_packet, receiving, 10},
     {user_receive_packet, delivering, 95},
     {c2s_self_presence, before_offline, 49},
     {c2s_self_presence, after_offline, 51},
     {c2s_handle_info, told, 10}].

depends(_Host, _Opts) -> [{mod_offline, hard}].

mod_opt_type(url) -> econf:url();
mod_opt_type(key) -> econf:binary();
mod_opt_type(point) -> econf:binary("^[a-zA-Z0-9._-]{1,64}$");
mod_opt_type(person) -> econf:enum([user, jid]);
mod_opt_type(ask) -> econf:enum([refusals, always, never]);
mod_opt_type(on_silence) -> econf:enum([hold, allow]);
mod_opt_type(silence) -> econf:timeout(second);
mod_opt_type(reply_ttl) -> econf:timeout(second);
mod_opt_type(mailbox_ttl) -> econf:timeout(second);
mod_opt_type(exits) -> econf:list(econf:jid()).

mod_options(_Host) ->
    [{url, <<"http://127.0.0.1:8080">>},
     {key, <<>>},
     {point, <<"ejabberd">>},
     {person, user},
     {ask, refusals},
     {on_silence, hold},
     {silence, timer:minutes(10)},
     {reply_ttl, timer:hours(3 * 24)},
     {mailbox_ttl, timer:hours(30 * 24)},
     {exits, []}].

mod_doc() ->
    #{desc => "Holds users to the stage they are at with new terms, as Assent records it."}.

option(Host, Name) -> gen_mod:get_module_opt(Host, ?MODULE, Name).

%% What a user does ------------------------------------------------------------

sending({drop, _} = Acc) ->
    Acc;
sending({Packet, #{lserver := Host} = State} = Acc) ->
    case is_exit(Host, xmpp:get_to(Packet)) orelse asked_of_sender(Packet, State) of
        Free when Free == true; Free == none -> Acc;
        Capability -> hold_to(Capability, Packet, State)
    end.

hold_to(Asked, Packet, #{lserver := Host, user := User} = State) ->
    case decide_sender(Asked, Packet, State) of
        allowed ->
            {without_token(Packet), State};
        {refused, Capability, Rule} ->
            ?FEED:count(Host, refused),
            ?DEBUG("~ts may not ~ts", [User, Capability]),
            {stop, {drop, ejabberd_c2s:send(State, refusal(Packet, Capability, Rule))}}
    end.

%% Whoever cannot write may still reply from a notification, with the token that
%% came with it.
decide_sender(<<"messages.send">> = Capability, Packet, #{lserver := Host, user := User} = State) ->
    case ?FEED:decide(Host, User, Capability) of
        allowed -> allowed;
        {refused, Rule} ->
            case replies(Packet, State) of
                true -> decide(Host, User, <<"messages.reply_from_notification">>);
                false -> {refused, Capability, Rule}
            end
    end;
decide_sender(Capability, _Packet, #{lserver := Host, user := User}) ->
    decide(Host, User, Capability).

decide(Host, User, Capability) ->
    case ?FEED:decide(Host, User, Capability) of
        allowed -> allowed;
        {refused, Rule} -> {refused, Capability, Rule}
    end.

%% asked_of_sender is the capability it takes to send a stanza, or none.
asked_of_sender(#message{type = error}, _) ->
    none;
asked_of_sender(#message{} = Message, State) ->
    case {signal(Message), has_content(Message)} of
        {none, true} -> <<"messages.send">>;
        {none, false} -> none;
        {Signal, _} -> asked_of_caller(Signal, Message, State)
    end;
asked_of_sender(#iq{type = Type} = IQ, State) when Type == get; Type == set ->
    case signal(IQ) of
        none -> asked_of_reader(Type, xmpp:get_els(IQ));
        Signal -> asked_of_caller(Signal, IQ, State)
    end;
asked_of_sender(_, _) ->
    none.

%% Declining and hanging up are always open.
asked_of_caller(Signal, Packet, #{lserver := Host, user := User}) when Signal == <<"propose">>; Signal == <<"session-initiate">> ->
    case ?FEED:has_rung(Host, User, bare(xmpp:get_to(Packet))) of
        true -> <<"calls.call_back">>;
        false -> <<"calls.place">>
    end;
asked_of_caller(Signal, _, _) when Signal == <<"proceed">>; Signal == <<"accept">>; Signal == <<"session-accept">> ->
    <<"calls.answer">>;
asked_of_caller(_, _, _) ->
    none.

asked_of_reader(Type, [El]) ->
    case {Type, xmpp:get_name(El), xmpp:get_ns(El)} of
        {get, <<"query">>, ?NS_ROSTER} -> <<"chats.list">>;
        {_, <<"query">>, <<"urn:xmpp:mam:", _/binary>>} -> <<"chats.history">>;
        _ -> none
    end;
asked_of_reader(_, _) ->
    none.

refusal(Packet, Capability, Rule) ->
    Error = xmpp:err_policy_violation(<<"Accept the terms to use this; accepting brings it back at once">>, <<"en">>),
    Attrs = [{<<"xmlns">>, ?XMLNS}, {<<"capability">>, Capability} | place(Rule)],
    xmpp:make_error(Packet, Error#stanza_error{type = auth, sub_els = [#xmlel{name = <<"refusal">>, attrs = Attrs}]}).

%% place is what of a rule a person is told.
place(Rule) ->
    [{Name, Value} || Name <- [<<"stage">>, <<"accept_url">>], Value <- [maps:get(Name, Rule, <<>>)], Value /= <<>>].

%% What reaches a user ---------------------------------------------------------

%% Runs in the process of whoever sends.
receiving(#message{type = error} = Message) ->
    Message;
receiving(#presence{} = Presence) ->
    Presence;
receiving(Packet) ->
    #jid{luser = User, lserver = Host} = xmpp:get_to(Packet),
    case User == <<>> orelse is_exit(Host, xmpp:get_from(Packet)) of
        true -> Packet;
        false -> reaching(signal(Packet), Packet, Host, User)
    end.

reaching(Signal, Packet, Host, User) when Signal == <<"propose">>; Signal == <<"session-initiate">> ->
    ?FEED:rings(Host, User, bare(xmpp:get_from(Packet))),
    case ?FEED:known(Host, User, <<"calls.answer">>) of
        allowed ->
            Packet;
        {refused, _} -> % the caller hears what anybody does who rings a session that is not there
            ejabberd_router:route_error(Packet, xmpp:err_service_unavailable(<<"User session not found">>, xmpp:get_lang(Packet))),
            {stop, drop}
    end;
reaching(none, #message{} = Message, Host, User) ->
    case has_content(Message) andalso ?FEED:known(Host, User, <<"messages.receive">>) of
        {refused, _} -> hold(Message, Host, User);
        _ -> Message
    end;
reaching(_, Packet, _, _) ->
    Packet.

%% hold keeps a message in the offline store, up to its time. The user may have
%% accepted meanwhile, and their sessions been told before it was there.
hold(Message, Host, User) ->
    Now = erlang:timestamp(),
    Seconds = option(Host, mailbox_ttl) div 1000,
    Kept = #offline_msg{us = {User, Host}, timestamp = Now, expire = later(Now, Seconds),
                        from = Message#message.from, to = Message#message.to, packet = Message},
    case mod_offline:store_offline_msg(Kept) of
        ok ->
            ?FEED:count(Host, held),
            case ?FEED:known(Host, User, <<"messages.receive">>) of
                allowed -> ?FEED:tell(Host, User);
                {refused, _} -> ok
            end;
        {error, Why} -> % as for anybody whose offline store is full
            ?DEBUG("a message for ~ts is not held: ~p", [User, Why]),
            ejabberd_router:route_error(Message, xmpp:err_resource_constraint())
    end,
    {stop, drop}.

later({Mega, Seconds, Micro}, More) ->
    All = Mega * 1000000 + Seconds + More,
    {All div 1000000, All rem 1000000, Micro}.

%% The rest runs in the process of a session -----------------------------------

%% delivering adds a token of the session's own to each message, while its user
%% cannot write otherwise.
delivering({#message{type = Type, from = #jid{} = From} = Message, #{lserver := Host, user := User, jid := JID} = State} = Acc) when Type /= error ->
    case has_content(Message) andalso bare(From) /= bare(JID) andalso ?FEED:known(Host, User, <<"messages.send">>) of
        {refused, _} ->
            Token = ?FEED:token(Host, jid:encode(JID), bare(From), option(Host, reply_ttl) div 1000),
            {xmpp:append_subtags(Message, [#xmlel{name = <<"reply-token">>, attrs = [{<<"xmlns">>, ?XMLNS}], children = [{xmlcdata, Token}]}]), State};
        _ ->
            Acc
    end;
delivering(Acc) ->
    Acc.

replies(Message, #{lserver := Host, jid := JID}) ->
    case [fxml:get_tag_cdata(xmpp:encode(El)) || El <- xmpp:get_els(Message), is_token(El)] of
        [Token] -> ?FEED:redeem(Host, jid:encode(JID), bare(xmpp:get_to(Message)), Token);
        _ -> false
    end.

without_token(#message{} = Message) ->
    xmpp:set_els(Message, [El || El <- xmpp:get_els(Message), not is_token(El)]);
without_token(Packet) ->
    Packet.

is_token(El) -> xmpp:get_name(El) == <<"reply-token">> andalso xmpp:get_ns(El) == ?XMLNS.

%% What is held stays so when its owner signs in: while mod_offline looks, the
%% user seems to have been there before.
before_offline({#presence{type = available} = Presence, #{lserver := Host, user := User} = State}) ->
    case ?FEED:known(Host, User, <<"messages.receive">>) of
        {refused, _} -> {Presence, State#{pres_last => Presence, assent_gate => maps:find(pres_last, State)}};
        allowed -> {Presence, State}
    end;
before_offline(Acc) ->
    Acc.

%% Whoever comes is told where they stand.
after_offline({Presence, #{assent_gate := Last} = State}) ->
    Back = maps:remove(assent_gate, State),
    case Last of
        {ok, Before} -> {Presence, Back#{pres_last => Before}};
        error -> {Presence, inform(maps:remove(pres_last, Back))}
    end;
after_offline({#presence{type = available}, #{pres_last := _}} = Acc) ->
    Acc;
after_offline({#presence{type = available} = Presence, #{lserver := Host, user := User} = State}) ->
    case ?FEED:known(Host, User, <<"messages.send">>) of
        {refused, _} -> {Presence, inform(State)};
        allowed -> {Presence, State}
    end;
after_offline(Acc) ->
    Acc.

%% told brings an open session to where its user stands now. In a cluster every
%% node says so; the one it is on counts.
told(#{lserver := Host, user := User} = State, {assent_gate, Node}) when Node == node() ->
    Informed = inform(State),
    case ?FEED:known(Host, User, <<"messages.receive">>) of
        allowed -> drain(Informed);
        {refused, _} -> ok
    end,
    {stop, Informed};
told(State, {assent_gate, _}) ->
    {stop, State};
told(State, _) ->
    State.

inform(#{lserver := Host, user := User, jid := JID} = State) ->
    Rule = case {?FEED:known(Host, User, <<"messages.receive">>), ?FEED:known(Host, User, <<"messages.send">>)} of
        {{refused, R}, _} -> R;
        {_, {refused, R}} -> R;
        _ -> #{}
    end,
    Standing = #xmlel{name = <<"standing">>, attrs = [{<<"xmlns">>, ?XMLNS} | place(Rule)]},
    ejabberd_c2s:send(State, #message{type = headline, from = jid:make(Host), to = JID, sub_els = [Standing]}).

%% drain has mod_offline hand over what it keeps, in order, as if the session had
%% just become available.
drain(#{pres_last := Presence} = State) ->
    mod_offline:c2s_self_presence({Presence, maps:remove(pres_last, State)});
drain(_) -> % it will, with its presence
    ok.

%% Stanzas ---------------------------------------------------------------------

is_exit(Host, #jid{} = JID) ->
    case option(Host, exits) of
        [] -> false;
        Exits -> lists:member(bare(JID), [bare(Exit) || Exit <- Exits])
    end;
is_exit(_, _) ->
    false.

%% has_content reports whether a message says something, readable here or not.
has_content(#message{body = [_ | _]}) ->
    true;
has_content(Message) ->
    lists:any(fun(El) -> lists:member(xmpp:get_name(El), [<<"encrypted">>, <<"openpgp">>]) end, xmpp:get_els(Message)).

%% signal is what a stanza says of a call, or none.
signal(#message{} = Message) ->
    case [xmpp:get_name(El) || El <- xmpp:get_els(Message), xmpp:get_ns(El) == ?NS_JINGLE_MESSAGES] of
        [Signal | _] -> Signal;
        [] -> none
    end;
signal(#iq{} = IQ) ->
    case [El || El <- xmpp:get_els(IQ), xmpp:get_name(El) == <<"jingle">>, xmpp:get_ns(El) == ?NS_JINGLE_CALLS] of
        [El | _] -> fxml:get_tag_attr_s(<<"action">>, xmpp:encode(El));
        [] -> none
    end.

bare(JID) -> jid:encode(jid:tolower(jid:remove_resource(JID))).
