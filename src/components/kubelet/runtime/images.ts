import type Dockerode from 'dockerode';
import type { Readable } from 'node:stream';
import { runtimeError, statusCodeOf, tolerating, translated } from './docker-api.ts';
import { formatImageReference, isImageId, parseImageReference } from './image-ref.ts';
import { RuntimeError, type ImageInfo, type RegistryAuth } from './runtime.ts';

/** A pull that makes no progress at all for this long is given up. */
const pullStallMs = 5 * 60_000;
const progressLineMaxChars = 1024 * 1024;

/** What never changes about an image, and the digest that it was pulled by. */
type ImageDetails = Pick<ImageInfo, 'uid' | 'username' | 'architecture' | 'entrypoint' | 'cmd'> & {
    repoDigest: string | undefined;
};

/** The daemon's images. What an id stands for never changes, so it is asked once per image. */
export class DockerImages {
    readonly #docker: Dockerode;
    readonly #details = new Map<string, ImageDetails>();

    constructor(docker: Dockerode) {
        this.#docker = docker;
    }

    async status(image: string): Promise<ImageInfo | undefined> {
        const found = await tolerating([404], () => this.#docker.getImage(lookupName(image)).inspect());
        return found === undefined ? undefined : this.#info(found);
    }

    /** The image as pod statuses name it: by the digest it was pulled by, else by its local id. */
    async pullableId(id: string): Promise<string> {
        if (!this.#details.has(id)) await this.status(id);
        const digest = this.#details.get(id)?.repoDigest;
        return digest === undefined ? `docker://${id}` : `docker-pullable://${digest}`;
    }

    async list(): Promise<ImageInfo[]> {
        const summaries = await translated(() => this.#docker.listImages());
        this.#forget(new Set(summaries.map(({ Id }) => Id)));
        const infos = await Promise.all(summaries.map((summary) => this.#fromSummary(summary)));
        return infos.filter((info) => info !== undefined);
    }

    async remove(image: string): Promise<void> {
        await tolerating([404], () => this.#docker.getImage(lookupName(image)).remove({ force: true }));
    }

    /** Tries each credential in turn, and without any when there is none. Returns the image's id. */
    async pull(image: string, auths: readonly RegistryAuth[], signal?: AbortSignal): Promise<string> {
        const reference = parseImageReference(image);
        const { domain, path, tag, digest } = reference;
        const from = { fromImage: `${domain}/${path}`, tag: digest ?? tag ?? 'latest' };
        const attempts = auths.length === 0 ? [undefined] : auths;
        let failure: unknown;
        for (const auth of attempts) {
            signal?.throwIfAborted();
            try {
                await this.#pullOnce(from, auth, signal);
                return await this.#pulledId(formatImageReference(reference));
            } catch (error) {
                failure = error;
            }
        }
        throw pullError(failure);
    }

    async #pullOnce(
        from: { fromImage: string; tag: string },
        auth: RegistryAuth | undefined,
        signal: AbortSignal | undefined,
    ): Promise<void> {
        const answer: unknown = await this.#docker.createImage(authConfig(auth), from);
        const stream = answer as Readable;
        const stall = setTimeout(
            () => stream.destroy(new Error(`image pull made no progress for ${pullStallMs / 1000}s`)),
            pullStallMs,
        );
        const abort = (): unknown => stream.destroy(new Error('image pull was cancelled'));
        signal?.addEventListener('abort', abort, { once: true });
        try {
            await followProgress(stream, () => stall.refresh());
        } finally {
            clearTimeout(stall);
            signal?.removeEventListener('abort', abort);
        }
    }

    async #pulledId(name: string): Promise<string> {
        const { Id } = await this.#docker.getImage(name).inspect();
        return Id;
    }

    #info(found: Dockerode.ImageInspectInfo): ImageInfo {
        const { repoDigest, ...details } = detailsOf(found);
        this.#details.set(found.Id, { ...details, repoDigest });
        return {
            id: found.Id,
            repoTags: found.RepoTags,
            repoDigests: found.RepoDigests,
            sizeBytes: found.Size,
            ...details,
        };
    }

    async #fromSummary(summary: Dockerode.ImageInfo): Promise<ImageInfo | undefined> {
        const known = this.#details.get(summary.Id);
        if (known === undefined) return await this.status(summary.Id);
        const { repoDigest, ...details } = known;
        // The daemon answers null where there are none.
        const { RepoTags, RepoDigests } = summary as Partial<Dockerode.ImageInfo>;
        const named = (names: string[] | null | undefined): string[] =>
            (names ?? []).filter((name) => !name.startsWith('<none>'));
        const repoDigests = named(RepoDigests);
        if (repoDigests[0] !== repoDigest)
            this.#details.set(summary.Id, { ...known, repoDigest: repoDigests[0] });
        return {
            id: summary.Id,
            repoTags: named(RepoTags),
            repoDigests,
            sizeBytes: summary.Size,
            ...details,
        };
    }

    #forget(present: ReadonlySet<string>): void {
        for (const id of this.#details.keys()) if (!present.has(id)) this.#details.delete(id);
    }
}

/** What the daemon is asked by: ids as they are, names checked and normalised. */
export function lookupName(image: string): string {
    return isImageId(image) ? image : formatImageReference(parseImageReference(image));
}

function detailsOf(found: Dockerode.ImageInspectInfo): ImageDetails {
    const config = (
        found as { Config?: { User?: string; Entrypoint?: string[] | null; Cmd?: string[] | null } }
    ).Config;
    const user = (config?.User ?? '').split(':')[0] ?? '';
    const owner = user === '' ? { uid: 0 } : /^\d+$/.test(user) ? { uid: Number(user) } : { username: user };
    return {
        ...owner,
        repoDigest: (found.RepoDigests as string[] | null)?.[0],
        architecture: found.Architecture,
        entrypoint: config?.Entrypoint ?? [],
        cmd: config?.Cmd ?? [],
    };
}

function authConfig(auth: RegistryAuth | undefined): Record<string, string> {
    if (auth === undefined) return {};
    return {
        serveraddress: auth.serverAddress,
        ...(auth.username === undefined ? {} : { username: auth.username }),
        ...(auth.password === undefined ? {} : { password: auth.password }),
        ...(auth.identityToken === undefined ? {} : { identitytoken: auth.identityToken }),
    };
}

/** Reads the JSON lines of a pull to their end; rejects with the error that one of them carries. */
async function followProgress(stream: Readable, onProgress: () => void): Promise<void> {
    let rest = '';
    for await (const chunk of stream as AsyncIterable<Buffer>) {
        onProgress();
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        if (rest.length > progressLineMaxChars)
            throw new Error('the daemon sent a progress line without end');
        for (const line of lines) checkProgress(line);
    }
    checkProgress(rest);
}

function checkProgress(line: string): void {
    if (!line.includes('"error')) return;
    const { errorDetail, error } = JSON.parse(line) as { errorDetail?: { message?: string }; error?: string };
    const message = errorDetail?.message ?? error;
    if (message !== undefined) throw new Error(message);
}

const notFoundWords = /manifest unknown|not found|does not exist|no such image/i;

function pullError(error: unknown): RuntimeError {
    const translatedError = runtimeError(error, 'imagePull');
    if (translatedError.reason !== 'imagePull') return translatedError;
    const notFound = statusCodeOf(error) === 404 && notFoundWords.test(translatedError.message);
    return new RuntimeError(notFound ? 'imageNotFound' : 'imagePull', translatedError.message, {
        cause: error,
    });
}
