%% N services under one real OTP supervisor: each child is a process that owns a port (a
%% program) and ends when that ends; the supervisor starts it again. Compiled before the
%% measurement. Arguments: N PROGRAM FIFO.
-module(one_for_one).
-behaviour(supervisor).
-export([main/0, init/1, start_service/2, service/2]).

main() ->
    [N, Program, Fifo] = init:get_plain_arguments(),
    {ok, _} = supervisor:start_link({local, top}, ?MODULE, {list_to_integer(N), Program, Fifo}),
    receive stop -> ok end.

init({N, Program, Fifo}) ->
    Child = fun(I) ->
        #{id => I, start => {?MODULE, start_service, [Program, Fifo]},
          restart => permanent, shutdown => brutal_kill}
    end,
    {ok, {#{strategy => one_for_one, intensity => 100000000, period => 1},
          [Child(I) || I <- lists:seq(1, N)]}}.

start_service(Program, Fifo) ->
    proc_lib:start_link(?MODULE, service, [Program, Fifo]).

service(Program, Fifo) ->
    Port = open_port({spawn_executable, Program}, [{args, [Fifo]}, exit_status, nouse_stdio]),
    proc_lib:init_ack({ok, self()}),
    receive {Port, {exit_status, Status}} -> exit({ended, Status}) end.
