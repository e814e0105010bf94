import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const installed = '/usr/lib/python3/dist-packages';
const collection = 'ansible_collections/kubernetes/core';

/**
 * The directory in which Ansible finds `kubernetes.core` as Debian packages it: where the package `ansible` is
 * installed, and else one of its own with this collection alone, out of that package: the rest would take 250 MB and
 * minutes. Undefined where there is no archive to be reached. `remove` deletes what was fetched.
 */
export function kubernetesCollection(): { path: string; remove: () => void } | undefined {
    if (existsSync(join(installed, collection))) return { path: installed, remove: () => undefined };
    const directory = mkdtempSync(join(tmpdir(), 'hyperkube-ansible-'));
    const remove = (): void => {
        rmSync(directory, { recursive: true, force: true });
    };
    try {
        const options = { cwd: directory, stdio: 'ignore', timeout: 120_000 } as const;
        execFileSync('apt-get', ['download', 'ansible'], options);
        const archive = readdirSync(directory).find((file) => file.endsWith('.deb')) ?? '';
        const extract = 'dpkg-deb --fsys-tarfile "$1" | tar --extract --wildcards "*/$2/*"';
        execFileSync('sh', ['-c', extract, 'sh', archive, collection], options);
        const path = join(directory, installed);
        if (existsSync(join(path, collection))) return { path, remove };
    } catch {
        // Offline, or not a Debian: there is nothing to test with.
    }
    remove();
    return undefined;
}
