import { goArch, gitVersion } from '../util/version.ts';

/** How this program names itself to API servers: "hyperkube/v1.36.0+… (linux/arm64)". */
export function clientVersion(component = 'hyperkube'): string {
    return `${component}/${gitVersion} (${process.platform}/${goArch()})`;
}
