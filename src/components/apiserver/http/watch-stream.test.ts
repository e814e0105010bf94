import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { CacheEvent } from '../cache/cache-event.ts';
import { WatchFramer } from '../encode/watch-frames.ts';
import { StoredObject } from '../stored-object.ts';
import { WatchFlusher } from './watch-flusher.ts';
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

const namesOf = (text: string): string[] =>
    [...text.matchAll(/"name":"(.)"/g)].map((match) => match[1] ?? '');
const turn = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
};

function open(type: 'object' | 'table' = 'object'): {
    socket: Socket;
    stream: WatchStream;
    overflows: () => number;
    failures: unknown[];
    sizes: number[];
} {
    const socket = new Socket();
    let overflows = 0;
    const failures: unknown[] = [];
    const sizes: number[] = [];
    const framer = new WatchFramer(
        definition,
        type === 'table' ? { type, version: 'v1', includeObject: 'None' } : { type },
        () => 0,
    );
    const stream = new WatchStream(socket as unknown as ServerResponse, {
        framer,
        flusher: new WatchFlusher(),
        onOverflow: () => overflows++,
        onFailure: (error) => failures.push(error),
        onFrame: (bytes) => sizes.push(bytes),
    });
    return { socket, stream, overflows: () => overflows, failures, sizes };
}

describe('a watch on a socket', () => {
    it('keeps order when the socket is slow, and ends after everything was written', () => {
        const { socket, stream, sizes } = open();
        for (const name of ['a', 'b', 'c']) stream.event('ADDED', stored(name), undefined);
        stream.end();
        expect(socket.written).toHaveLength(1);
        expect(socket.isEnded).toBe(false);
        socket.drain(10);
        expect(socket.written.map((text) => /"name":"(.)"/.exec(text)?.[1])).toEqual(['a', 'b', 'c']);
        expect(sizes).toEqual(socket.written.map((text) => Buffer.byteLength(text)));
        expect(socket.isEnded).toBe(true);
    });

    it('is not hurried by its end: the initial state leaves as the socket takes it', () => {
        const { socket, stream, sizes } = open();
        for (const name of ['a', 'b', 'c', 'd']) stream.event('ADDED', stored(name), undefined);
        stream.end();
        for (const count of [2, 3]) {
            socket.drain(1);
            expect(socket.written).toHaveLength(count);
            expect(sizes).toHaveLength(count);
            expect(socket.isEnded).toBe(false);
        }
        socket.drain(1);
        expect(socket.written).toHaveLength(4);
        expect(socket.isEnded).toBe(true);
    });

    it('ends with an object that cannot be shown after its end too', () => {
        const { socket, stream, failures } = open();
        const broken = stored('b');
        broken.wireParts = () => {
            throw new Error('broken');
        };
        stream.event('ADDED', stored('a'), undefined);
        stream.event('ADDED', broken, undefined);
        stream.end();
        socket.drain(1);
        expect(failures).toEqual([new Error('broken')]);
    });

    it('writes what happened in one turn at once, in order, behind the initial state', async () => {
        const { socket, stream, sizes } = open();
        socket.room = 10;
        stream.event('ADDED', stored('a'), undefined);
        for (const name of ['b', 'c', 'd']) {
            const object = stored(name);
            stream.event('ADDED', object, change(object));
        }
        expect(socket.written).toEqual([]);
        await turn();
        expect(socket.written.map(namesOf)).toEqual([['a'], ['b', 'c', 'd']]);
        expect(sizes).toHaveLength(4);
        const last = stored('e');
        stream.event('ADDED', last, change(last));
        stream.close();
        expect(socket.written.slice(2).map(namesOf)).toEqual([['e']]);
        expect(socket.isEnded).toBe(true);
    });

    it('does not take a burst for a slow client', () => {
        const { socket, stream, overflows } = open();
        socket.room = 1_000;
        const big = stored('b', 1024 * 1024);
        for (let i = 0; i < 20; i++) stream.event('ADDED', big, change(big));
        expect(overflows()).toBe(0);
        expect(socket.written).toHaveLength(20);
    });

    it('has the columns of a table in the first event, although live ones come before that is written', async () => {
        const { socket, stream } = open('table');
        socket.room = 10;
        stream.event('ADDED', stored('a'), undefined);
        const live = stored('b');
        stream.event('ADDED', live, change(live));
        await turn();
        expect(socket.written.map((text) => text.includes('"columnDefinitions":[{'))).toEqual([true, false]);
    });

    it('ends with an object that cannot be shown, and nothing else does', async () => {
        const { stream, failures } = open();
        const other = open();
        const broken = stored('a');
        broken.wireParts = () => {
            throw new Error('broken');
        };
        stream.event('ADDED', broken, undefined);
        other.stream.event('ADDED', stored('b'), undefined);
        await turn();
        expect(failures).toEqual([new Error('broken')]);
        expect(other.socket.written).toHaveLength(1);
    });

    it('gives watches with the same events the same bytes', async () => {
        const [first, second] = [open(), open()];
        const written: Buffer[] = [];
        for (const { socket } of [first, second]) {
            socket.write = (frame) => {
                written.push(frame);
                return true;
            };
        }
        for (const name of ['a', 'b']) {
            const object = stored(name);
            const event = change(object);
            for (const { stream } of [first, second]) stream.event('ADDED', object, event);
        }
        await turn();
        expect(written).toHaveLength(2);
        expect(written[1]).toBe(written[0]);
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
