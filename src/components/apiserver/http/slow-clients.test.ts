import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { ManualClock } from '../../../client/testing/manual-clock.ts';
import { SlowClients } from './slow-clients.ts';

class Connection extends EventEmitter {
    bytesRead = 0;
    destroyed = false;
    destroy(): void {
        this.destroyed = true;
        this.emit('close');
    }
}

function guarded(): { clients: SlowClients; clock: ManualClock; connect: () => Connection } {
    const clock = new ManualClock();
    const clients = new SlowClients({ headerMs: 30_000, idleMs: 90_000, checkMs: 5_000 }, clock);
    const connect = (): Connection => {
        const connection = new Connection();
        clients.waits(connection as unknown as Socket, true);
        return connection;
    };
    return { clients, clock, connect };
}

describe('slow clients', () => {
    it('are cut off while they drip the header of a request', async () => {
        const { clock, connect } = guarded();
        const slow = connect();
        for (let i = 0; i < 6; i++) {
            expect(slow.destroyed).toBe(false);
            slow.bytesRead += 1;
            await clock.advance(5_000);
        }
        expect(slow.destroyed).toBe(true);
        expect(clock.pending).toBe(0);
    });

    it('may take their time while a request is worked on, and be silent afterwards, but not drip the next', async () => {
        const { clients, clock, connect } = guarded();
        const connection = connect();
        const socket = connection as unknown as Socket;
        connection.bytesRead = 100;
        clients.served(socket);
        await clock.advance(600_000);
        clients.waits(socket, false);
        await clock.advance(60_000);
        expect(connection.destroyed).toBe(false);
        connection.bytesRead++;
        await clock.advance(20_000);
        expect(connection.destroyed).toBe(false);
        await clock.advance(20_000);
        expect(connection.destroyed).toBe(true);
    });

    it('are closed when a kept connection is silent for too long', async () => {
        const { clients, clock, connect } = guarded();
        const connection = connect();
        clients.served(connection as unknown as Socket);
        clients.waits(connection as unknown as Socket, false);
        await clock.advance(85_000);
        expect(connection.destroyed).toBe(false);
        await clock.advance(5_000);
        expect(connection.destroyed).toBe(true);
    });
});
