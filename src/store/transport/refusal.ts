/**
 * Why a member does not want a connection. The one who refuses says so in its last frame, so that both sides can
 * log the reason. Fixed numbers: they are on the wire.
 */
export const refusalNumbers = {
    /** The other has shown no certificate. */
    noCertificate: 1,
    /** Not signed by the authority of this cluster's peers, or not meant for this use. */
    untrustedCertificate: 2,
    expiredCertificate: 3,
    /** Or the clock of the one who refuses is wrong. */
    certificateNotYetValid: 4,
    /** A certificate of the right authority which is not a peer's. */
    wrongOrganization: 5,
    /** The certificate does not name the host of the member's peer address. */
    wrongName: 6,
    otherCluster: 7,
    /** The caller has been removed from the cluster. */
    removed: 8,
    /** Another member answers at this address than the one meant. */
    wrongMember: 9,
    otherFormat: 10,
    malformed: 11,
    busy: 12,
} as const;
export type RefusalReason = keyof typeof refusalNumbers;

const reasonNames = new Map<number, RefusalReason>(
    (Object.keys(refusalNumbers) as RefusalReason[]).map((name) => [refusalNumbers[name], name]),
);

/** 'malformed' for a number of a later version. */
export function refusalReason(number: number): RefusalReason {
    return reasonNames.get(number) ?? 'malformed';
}

export class PeerRefusalError extends Error {
    override readonly name = 'PeerRefusalError';
    readonly reason: RefusalReason;
    /** Who does not want the other. */
    readonly by: 'self' | 'peer';

    constructor(reason: RefusalReason, by: 'self' | 'peer', message: string) {
        super(message);
        this.reason = reason;
        this.by = by;
    }
}
