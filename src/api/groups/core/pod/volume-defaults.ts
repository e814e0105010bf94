import type {
    V1DownwardAPIVolumeFile,
    V1PersistentVolumeClaimSpec,
    V1Volume,
    V1VolumeProjection,
} from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';
import { defaultSources } from '../volume-sources/defaults.ts';

/** 0644: mode of files that come out of the API. */
const fileModeDefault = 0o644;
/** Lifetime of projected service account tokens in seconds. */
const tokenExpirationSecondsDefault = 3600;
/** Lifetime of projected certificates in seconds. */
const certificateSecondsDefault = 86_400;

export function defaultVolume(volume: V1Volume): void {
    // A volume that names no source is an empty directory.
    if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
    if (volume.secret !== undefined) volume.secret.defaultMode ??= fileModeDefault;
    if (volume.configMap !== undefined) volume.configMap.defaultMode ??= fileModeDefault;
    defaultSources(volume);
    if (volume.downwardAPI !== undefined) {
        volume.downwardAPI.defaultMode ??= fileModeDefault;
        defaultDownwardFiles(volume.downwardAPI.items);
    }
    if (volume.projected !== undefined) {
        volume.projected.defaultMode ??= fileModeDefault;
        for (const source of items(volume.projected.sources)) defaultProjection(source);
    }
    if (volume.image !== undefined) volume.image.pullPolicy ??= imagePullPolicy(volume.image.reference);
    defaultClaimSpec(volume.ephemeral?.volumeClaimTemplate?.spec);
}

export function defaultClaimSpec(spec: V1PersistentVolumeClaimSpec | undefined): void {
    if (spec === undefined) return;
    spec.volumeMode ??= 'Filesystem';
    spec.resources ??= {};
}

function imagePullPolicy(reference: string | undefined): string {
    const last = (reference ?? '').slice((reference ?? '').lastIndexOf('/') + 1);
    return last.includes('@') || (last.includes(':') && !last.endsWith(':latest'))
        ? 'IfNotPresent'
        : 'Always';
}

function defaultProjection(source: V1VolumeProjection): void {
    if (source.serviceAccountToken !== undefined) {
        source.serviceAccountToken.expirationSeconds ??= tokenExpirationSecondsDefault;
    }
    if (source.podCertificate !== undefined) {
        source.podCertificate.maxExpirationSeconds ??= certificateSecondsDefault;
    }
    defaultDownwardFiles(source.downwardAPI?.items);
}

function defaultDownwardFiles(files: V1DownwardAPIVolumeFile[] | undefined): void {
    for (const file of items(files)) {
        if (file.fieldRef !== undefined) file.fieldRef.apiVersion ??= 'v1';
        if (file.resourceFieldRef !== undefined) file.resourceFieldRef.divisor ??= '0';
    }
}
