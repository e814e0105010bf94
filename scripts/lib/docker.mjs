// Small Docker errands of the scripts, through the API (the docker command need not be installed).
//
//   docker.mjs ping                   is 0 when the engine answers
//   docker.mjs hello-image [TAG]      makes the demo application's image from busybox-static
//   docker.mjs import-busybox TAG     makes an image that has busybox and its applets
//
// DOCKER_HOST=unix:///path chooses another engine.
import Docker from 'dockerode';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

const host = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
const docker = new Docker({ socketPath: host.replace(/^unix:\/\//, '') });

const busybox = '/bin/busybox';

/** A file tree with busybox and a link for each of its applets, as a tar archive. */
function busyboxTree(extra = () => {}) {
    const tree = mkdtempSync(join(tmpdir(), 'hyperkube-image-'));
    try {
        for (const directory of ['bin', 'etc', 'proc', 'sys', 'dev', 'root', 'www', 'var/run'])
            mkdirSync(join(tree, directory), { recursive: true });
        mkdirSync(join(tree, 'tmp'), { mode: 0o1777 });
        copyFileSync(busybox, join(tree, 'bin', 'busybox'));
        chmodSync(join(tree, 'bin', 'busybox'), 0o755);
        for (const applet of execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n'))
            if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(tree, 'bin', applet));
        writeFileSync(
            join(tree, 'etc', 'passwd'),
            'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
        );
        writeFileSync(join(tree, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
        extra(tree);
        return execFileSync('tar', ['-C', tree, '--numeric-owner', '--owner=0', '--group=0', '-c', '.'], {
            maxBuffer: 64 * 1024 * 1024,
        });
    } finally {
        rmSync(tree, { recursive: true, force: true });
    }
}

async function importImage(tag, archive, changes) {
    const [repo, version = 'latest'] = tag.split(':');
    const stream = await docker.importImage(Readable.from([archive]), { repo, tag: version, changes });
    const output = [];
    for await (const chunk of stream) output.push(chunk);
    const text = Buffer.concat(output.map((chunk) => Buffer.from(chunk))).toString();
    if (text.includes('"error"')) throw new Error(text.trim());
}

async function exists(tag) {
    try {
        await docker.getImage(tag).inspect();
        return true;
    } catch (error) {
        if (error.statusCode === 404) return false;
        throw error;
    }
}

const [errand, tag] = process.argv.slice(2);
try {
    switch (errand) {
        case 'ping':
            await docker.ping();
            break;
        case 'hello-image': {
            const name = tag ?? 'hyperkube/hello:1';
            if (await exists(name)) break;
            const start = [
                '#!/bin/sh',
                'echo "<h1>Hello from hyperkube</h1><p>served by $(hostname)</p>" > /www/index.html',
                "trap 'exit 0' TERM INT",
                'httpd -f -p "${PORT:-80}" -h /www &',
                'wait',
                '',
            ].join('\n');
            await importImage(
                name,
                busyboxTree((tree) => writeFileSync(join(tree, 'bin', 'hello'), start, { mode: 0o755 })),
                ['CMD ["/bin/hello"]', 'EXPOSE 80', 'ENV PATH=/bin'],
            );
            break;
        }
        case 'import-busybox': {
            const name = tag ?? 'busybox:local';
            if (!(await exists(name)))
                await importImage(name, busyboxTree(), ['CMD ["/bin/sh"]', 'ENV PATH=/bin']);
            break;
        }
        default:
            throw new Error(`unknown errand "${errand ?? ''}": expected ping, hello-image or import-busybox`);
    }
} catch (error) {
    console.error(`docker.mjs ${errand ?? ''}: ${error.message}`);
    process.exit(1);
}
