import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type Dockerode from 'dockerode';
import { RuntimeError } from './runtime.ts';
import { daemonMessage, statusCodeOf, translated } from './docker-api.ts';
import { type NativeArchitecture, pauseBinaries } from './native/binaries.ts';
import { tarArchive } from './tar.ts';

/** Upstream's name, so that a real one that was pulled before is used as it is. */
export const defaultPauseImage = 'registry.k8s.io/pause:3.10';

const executableMode = 0o755;
const fileMode = 0o644;
const created = '2025-01-01T00:00:00Z';

/** Makes the pause image from the bytes in this package where `name` is not there yet. */
export async function ensurePauseImage(docker: Dockerode, name: string): Promise<void> {
    try {
        await docker.getImage(name).inspect();
        return;
    } catch (error) {
        if (statusCodeOf(error) !== 404) throw error;
    }
    const { Arch } = await docker.version();
    const archive = Readable.from([pauseImageArchive(name, Arch)]);
    const answer = await translated(() => docker.loadImage(archive, { quiet: true }));
    let text = '';
    for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString();
    try {
        await docker.getImage(name).inspect();
    } catch (error) {
        throw new RuntimeError(
            'other',
            `pause image ${name} could not be made: ${text || daemonMessage(error)}`,
            {
                cause: error,
            },
        );
    }
}

/** The image as `docker load` takes it: manifest, configuration and one layer with the one program. */
export function pauseImageArchive(name: string, architecture: string): Buffer {
    const binary = pauseBinaries[nativeArchitecture(architecture)];
    const layer = tarArchive([
        { name: 'pause', mode: executableMode, content: Buffer.from(binary, 'base64') },
    ]);
    const config = Buffer.from(
        JSON.stringify({
            architecture,
            os: 'linux',
            created,
            config: { Entrypoint: ['/pause'], WorkingDir: '/', User: '65535:65535' },
            rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
            history: [{ created, created_by: 'hyperkube' }],
        }),
    );
    const configName = `${sha256(config)}.json`;
    const manifest = [{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }];
    return tarArchive([
        { name: configName, mode: fileMode, content: config },
        { name: 'layer.tar', mode: fileMode, content: layer },
        { name: 'manifest.json', mode: fileMode, content: Buffer.from(JSON.stringify(manifest)) },
    ]);
}

/** Docker's name of an architecture as one that we have binaries for. */
export function nativeArchitecture(architecture: string): NativeArchitecture {
    if (architecture === 'amd64' || architecture === 'arm64' || architecture === 'arm') return architecture;
    throw new RuntimeError('other', `there is no pause image for architecture ${architecture}`);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
