import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesCollection } from './ansible-collection.ts';
import { ControlPlane } from './control-plane.ts';

/** Debian's Ansible and the client that its modules are written for. */
const program = '/usr/bin/ansible-playbook';
const client = '/usr/lib/python3/dist-packages/kubernetes';
const missing = [program, client].filter((file) => !existsSync(file));
/** A process per task: they take a core for most of a minute, which is why somebody must ask for them. */
const isWanted = process.env['HYPERKUBE_TEST_ANSIBLE'] === '1';

const collection = isWanted && missing.length === 0 ? kubernetesCollection() : undefined;

if (!isWanted) {
    it.skip('kubernetes.core of Ansible: takes a minute, HYPERKUBE_TEST_ANSIBLE=1 asks for it', () =>
        undefined);
} else if (missing.length > 0) {
    it.skip(`Debian's ansible-core and python3-kubernetes: ${missing.join(', ')} is not here`, () =>
        undefined);
} else if (collection === undefined) {
    it.skip("kubernetes.core of Debian's ansible: its archive cannot be reached from here", () => undefined);
} else {
    const { path, remove } = collection;
    describe('kubernetes.core of Ansible', () => {
        let plane: ControlPlane;

        beforeAll(async () => {
            plane = await ControlPlane.start();
        }, 60_000);
        afterAll(async () => {
            remove();
            await plane.close();
        });

        /** Names of the tasks that changed something; throws with what the playbook says when one fails. */
        async function play(name: string): Promise<string[]> {
            const playbook = join(import.meta.dirname, 'ansible', name);
            const { stdout, stderr, code } = await plane.run(program, ['-i', 'localhost,', playbook], {
                timeoutMs: 170_000,
                env: {
                    ANSIBLE_COLLECTIONS_PATH: path,
                    ANSIBLE_HOME: join(plane.directory, 'ansible'),
                    ANSIBLE_LOCAL_TEMP: plane.directory,
                    ANSIBLE_REMOTE_TMP: plane.directory,
                    ANSIBLE_PIPELINING: 'true',
                    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
                    LC_ALL: 'C.UTF-8',
                    PYTHONDONTWRITEBYTECODE: '1',
                    // The modules' files of what was discovered outlive servers.
                    TMPDIR: plane.directory,
                },
            });
            const recap = /^localhost +: ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0 /m.exec(stdout);
            if (code !== 0 || recap === null) throw new Error(`${stdout.slice(-4000)}\n${stderr}`);
            const changed = stdout
                .split(/^TASK /m)
                .filter((text) => /^changed: \[localhost\]/m.test(text))
                .map((text) => text.slice(0, text.indexOf('\n')));
            expect(changed).toHaveLength(Number(recap[2]));
            return changed;
        }

        it('brings about a described state, and finds nothing to change in it again', async () => {
            expect((await play('state.yaml')).length).toBe(11);
            expect(await play('state.yaml')).toEqual([]);
        }, 180_000);

        it('tries out, patches, replaces, applies, rolls back, drains and deletes', async () => {
            expect((await play('changes.yaml')).length).toBe(11);
        }, 180_000);
    });
}
