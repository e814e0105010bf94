import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { prepareBackground } from './wrong-requests/background.ts';
import { complaintsAbout } from './wrong-requests/check.ts';
import { brokenMessages } from './wrong-requests/messages.ts';
import { examples } from './wrong-requests/objects.ts';
import { WrongRequestServer } from './wrong-requests/server.ts';
import { themes } from './wrong-requests/themes.ts';

/** Every row is a request that must be refused with the Status that upstream gives, and change nothing. */
describe('wrong requests', () => {
    let server: WrongRequestServer;
    beforeAll(async () => {
        server = await WrongRequestServer.start();
        await prepareBackground(server);
    });
    afterAll(async () => {
        await server.stop();
    });

    it.each(Object.keys(themes))('%s', async (theme) => {
        const failures: string[] = [];
        for (const wrong of themes[theme]!()) {
            const complaints = await complaintsAbout(server, wrong);
            failures.push(...complaints.map((complaint) => `${wrong.name}: ${complaint}`));
        }
        expect(failures).toEqual([]);
    });

    it.each(brokenMessages)('broken HTTP: $name', async ({ bytes, answer }) => {
        expect(await server.sendBytes(bytes)).toMatch(answer);
        // The server goes on, and has made nothing of it.
        const path = `${examples.ConfigMap.collection}/wrong`;
        expect((await server.send({ method: 'GET', path })).code).toBe(404);
    });

    it('ignores what it does not know in a query, and warns of what it does not know in a body', async () => {
        const path = `${examples.ConfigMap.collection}?dryRun=All&color=blue&pretty=maybe`;
        const body = '{"metadata":{"name":"warned"},"data":{"a":"1","a":"2"},"color":1}';
        const { code, headers } = await server.send({ method: 'POST', path, body });
        expect(code).toBe(201);
        expect(headers['warning']).toBe(
            '299 - "duplicate field \\"data.a\\"", 299 - "unknown field \\"color\\""',
        );
    });

    it('are many', () => {
        const rows = Object.values(themes).flatMap((theme) => theme());
        expect(rows.length).toBeGreaterThanOrEqual(300);
    });
});
