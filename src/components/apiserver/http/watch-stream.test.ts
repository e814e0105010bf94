import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { CacheEvent } from '../cache/cache-event.ts';
import { WatchFramer } from '../encode/watch-frames.ts';
import { StoredObject } from '../stored-object.ts';
import { WatchStream } from './watch-stream.ts';

/** A socket that takes a number of writes before it wants to be waited for. */
class Socket extends EventEmitter {
    readonly written: string[] = [];
    room = 0;
    isEnded = false;
    write(frame: Buffer): boolean {
        this.written.push(frame.toString());
        return --this.room > 0;
    }
    end(): void {
        this.isEnded = true;
    }
    drain(room: number): void {
        this.room = room;
        this.emit('drain');
    }
}

const definition = { group: '', version: 'v1', kind: 'T', strategy: {} } as unknown as ResourceDefinition;
const stored = (name: string, bytes = 0): StoredObject =>
    StoredObject.encode(
        name,
        { kind: 'T', apiVersion: 'v1', metadata: { name, annotations: { x: 'x'.repeat(bytes) } } },
        1,
    );
const change = (object: StoredObject): CacheEvent =>
    new CacheEvent('ADDED', 1, { object, previous: undefined });

function open(): { socket: Socket; stream: WatchStream; overflows: () => number } {
    const socket = new Socket();
    let overflows = 0;
    const framer = new WatchFramer(definition, { type: 'object' }, () => 0);
    const stream = new WatchStream(socket as unknown as ServerResponse, framer, () => overflows++);
    return { socket, stream, overflows: () => overflows };
}

describe('a watch on a socket', () => {
    it('keeps order when the socket is slow, and ends after everything was written', () => {
        const { socket, stream } = open();
        for (const name of ['a', 'b', 'c']) stream.event('ADDED', stored(name), undefined);
        stream.end();
        expect(socket.written).toHaveLength(1);
        expect(socket.isEnded).toBe(false);
        socket.drain(10);
        expect(socket.written.map((text) => /"name":"(.)"/.exec(text)?.[1])).toEqual(['a', 'b', 'c']);
        expect(socket.isEnded).toBe(true);
    });

    it('cuts a client that leaves too many live events unread, but not for a large initial state', () => {
        const { stream, overflows } = open();
        const big = stored('big', 1024 * 1024);
        for (let i = 0; i < 20; i++) stream.event('ADDED', big, undefined);
        expect(overflows()).toBe(0);
        for (let i = 0; i < 20; i++) stream.event('ADDED', big, change(big));
        expect(overflows()).toBe(1);
    });
});
