import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { serveSpdyRemoteCommand } from './remote-command-spdy.ts';
import { serveWebSocketRemoteCommand } from './remote-command-websocket.ts';
import { failureStatus, type RemoteStatus } from './status.ts';
import { refuseUpgrade, upgradeKind } from './upgrade.ts';

/** Which streams the client wants, from the query of an exec or attach. */
export interface RemoteCommandOptions {
    stdin: boolean;
    stdout: boolean;
    stderr: boolean;
    tty: boolean;
}

export interface TerminalSize {
    width: number;
    height: number;
}

/** What the command gets; it does not end the outputs, the server does once `run` has resolved. */
export interface RemoteStreams {
    tty: boolean;
    stdin?: Readable | undefined;
    stdout?: Writable | undefined;
    stderr?: Writable | undefined;
    onResize?: ((listener: (size: TerminalSize) => void) => void) | undefined;
    /** Aborted when the client has gone. */
    signal: AbortSignal;
}

export interface RemoteCommand {
    options: RemoteCommandOptions;
    /** Runs to the command's end; a rejection becomes a failure status. */
    run(streams: RemoteStreams): Promise<RemoteStatus>;
}

/**
 * Options of the query: the API's names (stdin, stdout, stderr, tty) and the kubelet's (input, output,
 * error). With a tty there is no stderr.
 */
export function parseRemoteCommandOptions(query: URLSearchParams): RemoteCommandOptions {
    const isSet = (...names: string[]): boolean =>
        names.some((name) => /^(1|true|t)$/i.test(query.get(name) ?? ''));
    const tty = isSet('tty');
    return {
        stdin: isSet('stdin', 'input'),
        stdout: isSet('stdout', 'output'),
        stderr: isSet('stderr', 'error') && !tty,
        tty,
    };
}

/** Upgrades to whichever protocol the client speaks, runs the command, and closes. Never throws. */
export function serveRemoteCommand(
    req: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    command: RemoteCommand,
): void {
    const { stdin, stdout, stderr } = command.options;
    if (!stdin && !stdout && !stderr) {
        refuseUpgrade(socket, 400, 'you must specify at least 1 of stdin, stdout, stderr');
        return;
    }
    switch (upgradeKind(req)) {
        case 'spdy':
            serveSpdyRemoteCommand(req, socket, { head, command });
            return;
        case 'websocket':
            serveWebSocketRemoteCommand(req, socket, { head, command });
            return;
        default:
            refuseUpgrade(socket, 400, 'unable to upgrade: missing upgrade headers in request');
    }
}

/** `run` as a promise that always gives a status. */
export async function statusOf(command: RemoteCommand, streams: RemoteStreams): Promise<RemoteStatus> {
    try {
        return await command.run(streams);
    } catch (error) {
        return failureStatus(error);
    }
}
