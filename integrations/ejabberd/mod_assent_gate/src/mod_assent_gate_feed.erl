%% What each person may do, for mod_assent_gate: read from Assent once (the
%% snapshot), followed from there (the stream), and asked for where a stale answer
%% would hurt (the decision point). When Assent cannot be reached, everybody stays
%% as last known: silence never takes anything away.

-module(mod_assent_gate_feed).
-behaviour(gen_server).

-export([known/3, decide/3, count/2, tell/2, reload/1]).
-export([has_rung/3, rings/3, token/4, redeem/4]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2, code_change/3]).

-include("logger.hrl").

-define(TICK, timer:seconds(5)).
-define(SILENCE, 20). % seconds without a word, of which the stream has one every five
-define(LONG_AWAY, 600). % seconds after which what happened since cannot be told: the database may have been put back to an older state
-define(PATIENCE, timer:seconds(1)). % for an answer of the decision point

%% Answers ---------------------------------------------------------------------

%% known is what a user may do as last heard: allowed, or {refused, Rule}. Who is
%% not known may do everything.
known(Host, User, Capability) ->
    try
        Table = table(Host),
        [{_, Key}] = ets:lookup(Table, {person, person(Host, User)}),
        [{_, Refused}] = ets:lookup(Table, {rules, Key}),
        Rule = maps:get(Capability, Refused),
        false = ets:member(Table, lifted),
        {refused, Rule}
    catch
        error:_ -> allowed
    end.

%% decide is known, asked for anew as the option says: by default before a refusal
%% is told, so that none outlives an acceptance that was not heard of yet.
decide(Host, User, Capability) ->
    Known = known(Host, User, Capability),
    case {option(Host, ask), Known} of
        {always, _} -> ask(Host, User, Capability, Known);
        {refusals, {refused, _}} -> ask(Host, User, Capability, Known);
        _ -> Known
    end.

%% ask asks the decision point (AuthZEN 1.0). A yes is used for as long as it says;
%% a no is asked again each time.
ask(Host, User, Capability, Known) ->
    Person = person(Host, User),
    Now = erlang:system_time(millisecond),
    case ets:lookup(table(Host), {allowed, Person, Capability}) of
        [{_, Until}] when Until > Now -> allowed;
        _ -> fresh(Host, Person, Capability, Known)
    end.

fresh(Host, Person, Capability, Known) ->
    Question = #{subject => #{type => user, id => Person}, action => #{name => Capability},
                 resource => #{type => host, id => Host}, context => #{point => option(Host, point)}},
    case call(Host, post, "/access/v1/evaluation", Question, ?PATIENCE) of
        {ok, #{<<"decision">> := false} = Said} ->
            {refused, maps:get(<<"context">>, Said, #{})};
        {ok, #{<<"decision">> := true, <<"context">> := #{<<"ttl">> := Seconds}}} ->
            ets:insert(table(Host), {{allowed, Person, Capability}, erlang:system_time(millisecond) + 1000 * Seconds}),
            allowed;
        Silence ->
            count(Host, unanswered),
            ?DEBUG("Assent does not say whether ~ts may ~ts: ~p", [Person, Capability, Silence]),
            Known
    end.

%% The person that a user is to Assent.
person(Host, User) ->
    case option(Host, person) of
        user -> User;
        jid -> <<User/binary, "@", Host/binary>>
    end.

user(Host, Person) ->
    case option(Host, person) of
        user -> Person;
        jid -> hd(binary:split(Person, <<"@">>))
    end.

%% count adds to what is reported to Assent: refused, held, unanswered, silences.
count(Host, What) ->
    ets:update_counter(table(Host), {count, What}, 1, {{count, What}, 0}).

%% tell has the open sessions of a user come to where the user stands now.
tell(Host, User) ->
    ejabberd_sm:route(jid:make(User, Host), {assent_gate, node()}).

%% Calls that were missed, and tokens -------------------------------------------

rings(Host, Callee, Caller) ->
    ets:insert(table(Host), {{rang, Callee, Caller}, now_in(option(Host, reply_ttl) div 1000)}).

has_rung(Host, Callee, Caller) ->
    case ets:lookup(table(Host), {rang, Callee, Caller}) of
        [{_, Ends}] -> Ends > now_in(0);
        [] -> false
    end.

%% token is for one reply, to a peer, from a session: it names them, when it
%% ends, and works once. A restart ends those that are out.
token(Host, Session, Peer, Seconds) ->
    Nonce = base64:encode(crypto:strong_rand_bytes(9)),
    Ends = integer_to_binary(now_in(Seconds)),
    <<Nonce/binary, " ", Ends/binary, " ", (signature(Host, Session, Peer, Nonce, Ends))/binary>>.

redeem(Host, Session, Peer, Token) ->
    try
        [Nonce, Ends, Signature] = binary:split(Token, <<" ">>, [global]),
        true = equal(Signature, signature(Host, Session, Peer, Nonce, Ends)),
        true = binary_to_integer(Ends) > now_in(0),
        ets:insert_new(table(Host), {{used, Nonce}, binary_to_integer(Ends)})
    catch
        error:_ -> false
    end.

signature(Host, Session, Peer, Nonce, Ends) ->
    [{_, Secret}] = ets:lookup(table(Host), secret),
    base64:encode(crypto:mac(hmac, sha256, Secret, lists:join(0, [Session, Peer, Nonce, Ends]))).

%% equal takes as long wherever two texts differ.
equal(A, B) when byte_size(A) /= byte_size(B) -> false;
equal(A, B) -> crypto:exor(A, B) == binary:copy(<<0>>, byte_size(A)).

now_in(Seconds) -> erlang:system_time(second) + Seconds.

%% Following Assent --------------------------------------------------------------

%% State: host; request, the stream that is open, or none; buffer, what of it is no
%% whole event yet; mark, up to which all is known, or none before the first
%% snapshot; heard, when Assent last said something; asked, when the stream was last
%% asked for.

init([Host, _Opts]) ->
    ets:new(table(Host), [named_table, public, {read_concurrency, true}]),
    ets:insert(table(Host), {secret, crypto:strong_rand_bytes(32)}),
    _ = inets:start(httpc, [{profile, ?MODULE}]), % or it is there
    ok = httpc:set_options([{max_sessions, 32}, {max_keep_alive_length, 0}], ?MODULE),
    erlang:send_after(?TICK, self(), tick),
    State = #{host => Host, request => none, buffer => <<>>, mark => none, heard => now_in(0), asked => now_in(0)},
    case option(Host, key) of
        <<>> ->
            ?ERROR_MSG("the option key of mod_assent_gate is not set: give it a key with the scope decisions:read; nobody is held to anything", []),
            {ok, State};
        _ -> % before ejabberd takes connections: nobody slips in
            {noreply, Following} = handle_info(connect, State),
            {ok, Following}
    end.

reload(Host) -> gen_server:cast(gen_mod:get_module_proc(Host, ?MODULE), reload).

handle_call(_, _, State) -> {reply, ok, State}.

handle_cast(reload, State) ->
    self() ! connect,
    {noreply, (hung_up(State))#{mark => none}};
handle_cast(_, State) ->
    {noreply, State}.

terminate(_, State) -> hung_up(State).

code_change(_, State, _) -> {ok, State}.

handle_info(connect, #{mark := none, host := Host} = State) ->
    case snapshot(Host, <<>>, #{}, none) of
        {ok, Mark} -> {noreply, stream(State#{mark => Mark, heard => now_in(0)})};
        Why -> {noreply, again(State, {snapshot, Why})}
    end;
handle_info(connect, #{heard := Heard} = State) ->
    case now_in(0) - Heard > ?LONG_AWAY of
        true -> handle_info(connect, State#{mark => none});
        false -> {noreply, stream(State)}
    end;
handle_info({http, {Request, stream_start, _}}, #{request := Request, mark := Mark} = State) ->
    ?INFO_MSG("following Assent from ~ts", [Mark]),
    {noreply, State#{heard => now_in(0)}};
handle_info({http, {Request, stream, Chunk}}, #{request := Request, buffer := Buffer} = State) ->
    {noreply, events(State#{buffer => <<Buffer/binary, Chunk/binary>>, heard => now_in(0)})};
handle_info({http, {Request, stream_end, _}}, #{request := Request} = State) ->
    {noreply, again(State#{request => none}, ended)};
handle_info({http, {Request, {{_, 422, _}, _, _}}}, #{request := Request} = State) ->
    {noreply, again(State#{request => none, mark => none}, unknown_mark)};
handle_info({http, {Request, Ended}}, #{request := Request} = State) ->
    {noreply, again(State#{request => none}, why(Ended))};
handle_info(tick, #{host := Host} = State) ->
    erlang:send_after(?TICK, self(), tick),
    forget(Host),
    lift(State),
    spawn(fun() -> report(State) end),
    {noreply, heard_lately(State)};
handle_info(_, State) -> % of a stream that is no longer followed
    {noreply, State}.

why({{_, Status, _}, _, _}) -> Status;
why({Why, _}) -> Why;
why(Why) -> Why.

again(#{host := Host} = State, Why) ->
    ?WARNING_MSG("Assent is not followed (~p); everybody stays as last known", [Why]),
    count(Host, silences),
    erlang:send_after(timer:seconds(1), self(), connect),
    State#{buffer => <<>>}.

%% heard_lately notices a connection that died without a word.
heard_lately(#{request := Request, heard := Heard, asked := Asked} = State) when Request /= none ->
    case now_in(0) - max(Heard, Asked) > ?SILENCE of
        true -> again(hung_up(State), silence);
        false -> State
    end;
heard_lately(State) ->
    State.

hung_up(#{request := none} = State) ->
    State;
hung_up(#{request := Request} = State) ->
    httpc:cancel_request(Request, ?MODULE),
    State#{request => none, buffer => <<>>}.

%% lift lets everybody through, or no longer, if Assent has been silent for as
%% long as the operator said.
lift(#{host := Host, heard := Heard}) ->
    Silent = option(Host, on_silence) == allow andalso now_in(0) - Heard > option(Host, silence) div 1000,
    case {Silent, ets:member(table(Host), lifted)} of
        {true, false} -> ets:insert(table(Host), {lifted, true}), tell_everybody(Host);
        {false, true} -> ets:delete(table(Host), lifted), tell_everybody(Host);
        _ -> ok
    end.

tell_everybody(Host) ->
    [tell(Host, user(Host, Person)) || [Person] <- ets:match(table(Host), {{person, '$1'}, '_'})].

forget(Host) ->
    Now = now_in(0),
    lists:foreach(fun(Key) -> ets:select_delete(table(Host), [{{Key, '$1'}, [{'<', '$1', Now}], [true]}]) end,
                  [{rang, '_', '_'}, {used, '_'}]),
    ets:select_delete(table(Host), [{{{allowed, '_', '_'}, '$1'}, [{'<', '$1', Now * 1000}], [true]}]).

%% snapshot reads everybody, page by page. Pages may come from several servers: what
%% is read goes as far as the least of them.
snapshot(Host, After, Read, Least) ->
    case call(Host, get, ["/api/v1/enforcement?after=", uri_string:quote(After)], none, timer:seconds(10)) of
        {ok, #{<<"mark">> := Mark, <<"rules">> := Rules, <<"people">> := People, <<"next">> := Next}} ->
            maps:foreach(fun(Key, Capabilities) -> keep_rules(Host, Key, Capabilities) end, Rules),
            Now = lists:foldl(fun(#{<<"person">> := P, <<"rules">> := Key}, All) -> All#{P => Key} end, Read, People),
            Both = earlier(Least, Mark),
            case Next of
                <<>> -> replace(Host, Now), {ok, Both};
                _ -> snapshot(Host, Next, Now, Both)
            end;
        Failed ->
            Failed
    end.

%% earlier is how far both of two marks go, each REVISION-MICROSECONDS.
earlier(none, Mark) ->
    Mark;
earlier(A, B) ->
    [Revision, Turned] = [integer_to_binary(min(binary_to_integer(X), binary_to_integer(Y)))
                          || {X, Y} <- lists:zip(binary:split(A, <<"-">>), binary:split(B, <<"-">>))],
    <<Revision/binary, "-", Turned/binary>>.

replace(Host, Now) ->
    [set(Host, Person, <<"default">>) || [Person] <- ets:match(table(Host), {{person, '$1'}, '_'}), not maps:is_key(Person, Now)],
    maps:foreach(fun(Person, Key) -> set(Host, Person, Key) end, Now).

keep_rules(Host, Key, Capabilities) ->
    Refused = maps:filter(fun(_, Rule) -> maps:get(<<"allowed">>, Rule, true) == false end, Capabilities),
    ets:insert(table(Host), {{rules, Key}, Refused}).

set(Host, Person, Key) ->
    Table = table(Host),
    Before = ets:lookup(Table, {person, Person}),
    case Key of
        <<"default">> -> ets:delete(Table, {person, Person});
        _ -> ets:insert(Table, {{person, Person}, Key})
    end,
    case ets:lookup(Table, {person, Person}) of
        Before -> ok;
        _ ->
            ets:match_delete(Table, {{allowed, Person, '_'}, '_'}),
            tell(Host, user(Host, Person))
    end.

stream(#{host := Host, mark := Mark} = State) ->
    Url = url(Host, ["/api/v1/enforcement/stream?after=", uri_string:quote(Mark)]),
    Headers = [{"accept", "text/event-stream"}, {"connection", "close"} | headers(Host)],
    case httpc:request(get, {Url, Headers}, http_options(timer:seconds(5), infinity), [{sync, false}, {stream, self}, {body_format, binary}], ?MODULE) of
        {ok, Request} -> State#{request => Request, buffer => <<>>, asked => now_in(0)};
        {error, Why} -> again(State, Why)
    end.

%% events takes the whole events of what has come.
events(#{buffer := Buffer} = State) ->
    case binary:split(Buffer, <<"\n\n">>) of
        [Text, Rest] ->
            Fields = maps:from_list([{Name, Value} || Line <- binary:split(Text, <<"\n">>, [global]), [Name, Value] <- [binary:split(Line, <<": ">>)]]),
            events(event(Fields, State#{buffer => Rest}));
        _ ->
            State
    end.

event(#{<<"event">> := <<"reset">>}, State) ->
    self() ! connect,
    (hung_up(State))#{mark => none, buffer => <<>>};
event(#{<<"event">> := <<"rules">>, <<"data">> := Data}, #{host := Host} = State) ->
    #{<<"rules">> := Key, <<"capabilities">> := Capabilities} = jiffy:decode(Data, [return_maps]),
    keep_rules(Host, Key, Capabilities),
    State;
event(#{<<"event">> := <<"person">>, <<"data">> := Data}, #{host := Host} = State) ->
    #{<<"person">> := Person, <<"rules">> := Key} = jiffy:decode(Data, [return_maps]),
    set(Host, Person, Key),
    State;
event(#{<<"event">> := <<"mark">>, <<"id">> := Mark}, State) ->
    State#{mark => Mark};
event(_, State) ->
    State.

%% report says how far this host has come, and by what policy it goes.
report(#{mark := none}) ->
    ok;
report(#{host := Host, mark := Mark}) ->
    Counts = maps:from_list([{What, N} || [What, N] <- ets:match(table(Host), {{count, '$1'}, '$2'})]),
    [Revision | _] = binary:split(Mark, <<"-">>),
    Report = #{kind => ejabberd, revision => binary_to_integer(Revision), on_silence => option(Host, on_silence), counts => Counts},
    call(Host, put, ["/api/v1/enforcement/points/", option(Host, point)], Report, timer:seconds(5)).

%% HTTP ----------------------------------------------------------------------

%% call asks Assent: {ok, Answer} from JSON, or what was said instead.
call(Host, Method, Path, Body, Timeout) ->
    Request = case Body of
        none -> {url(Host, Path), headers(Host)};
        _ -> {url(Host, Path), headers(Host), "application/json", jiffy:encode(Body)}
    end,
    try httpc:request(Method, Request, http_options(Timeout, Timeout), [{body_format, binary}], ?MODULE) of
        {ok, {{_, 200, _}, _, Answer}} -> {ok, jiffy:decode(Answer, [return_maps])};
        {ok, {{_, Status, _}, _, _}} -> Status;
        {error, Why} -> Why
    catch
        _:Why -> Why % no JSON
    end.

url(Host, Path) -> binary_to_list(iolist_to_binary([string:trim(option(Host, url), trailing, "/"), Path])).

headers(Host) -> [{"authorization", "Bearer " ++ binary_to_list(option(Host, key))}].

http_options(Connect, Timeout) ->
    [{connect_timeout, Connect}, {timeout, Timeout}, {autoredirect, false},
     {ssl, [{verify, verify_peer}, {cacertfile, ejabberd_option:ca_file()},
            {customize_hostname_check, [{match_fun, public_key:pkix_verify_hostname_match_fun(https)}]}]}].

option(Host, Name) -> gen_mod:get_module_opt(Host, mod_assent_gate, Name).

table(Host) -> gen_mod:get_module_proc(Host, ?MODULE).
