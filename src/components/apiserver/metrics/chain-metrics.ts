import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { counter, type Metric } from '../../../store/etcd/server/http/metric.ts';
import type { VersionInfo } from '../version.ts';
import { Counters, Gauges, Histograms } from './series.ts';

/** Upper bounds, upstream's: of steps that take no call, of admission, of the life left to a certificate. */
const stepBoundsSeconds = Array.from({ length: 15 }, (_, exponent) => 0.001 * 2 ** exponent);
const admissionBoundsSeconds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const expiryBoundsSeconds = [
    0, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 2_592_000, 7_776_000,
    15_552_000, 31_104_000,
];
/** User names that are counted by themselves. */
const countedUsers = new Set([
    'admin',
    'client',
    'kube_proxy',
    'kubelet',
    'system:serviceaccount:kube-system:default',
]);

export type AdmissionStep = 'admit' | 'validate';

/** What the steps of the request chain do, under upstream's names. Labels never hold what a client has made up. */
export class ChainMetrics {
    readonly #attempts = new Counters({
        name: 'authentication_attempts',
        help: 'Counter of authenticated attempts.',
        labels: ['result'],
    });
    readonly #authentication = new Histograms(
        {
            name: 'authentication_duration_seconds',
            help: 'Authentication duration in seconds broken out by result.',
            labels: ['result'],
        },
        stepBoundsSeconds,
    );
    readonly #users = new Counters({
        name: 'authenticated_user_requests',
        help: 'Counter of authenticated requests broken out by username.',
        labels: ['username'],
    });
    readonly #decisions = new Counters({
        name: 'authorization_attempts_total',
        help: "Counter of authorization attempts broken down by result. It can be either 'allowed', 'denied', 'no-opinion' or 'error'.",
        labels: ['result'],
    });
    readonly #authorization = new Histograms(
        {
            name: 'authorization_duration_seconds',
            help: 'Authorization duration in seconds broken out by result.',
            labels: ['result'],
        },
        stepBoundsSeconds,
    );
    readonly #plugins = new Histograms(
        {
            name: 'apiserver_admission_controller_admission_duration_seconds',
            help: 'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
            labels: ['name', 'operation', 'rejected', 'type'],
        },
        admissionBoundsSeconds,
    );
    readonly #steps = new Histograms(
        {
            name: 'apiserver_admission_step_admission_duration_seconds',
            help: 'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
            labels: ['operation', 'rejected', 'type'],
        },
        admissionBoundsSeconds,
    );
    readonly #certificates = new Histograms(
        {
            name: 'apiserver_client_certificate_expiration_seconds',
            help: 'Distribution of the remaining lifetime on the certificate used to authenticate a request.',
            labels: [],
        },
        expiryBoundsSeconds,
    );
    readonly #deprecated = new Gauges({
        name: 'apiserver_requested_deprecated_apis',
        help: 'Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.',
        labels: ['group', 'version', 'resource', 'subresource', 'removed_release'],
    });
    #handshakeErrors = 0;

    /** @param username undefined where nobody was recognised */
    authenticated(result: 'success' | 'failure' | 'error', seconds: number, username?: string): void {
        this.#attempts.add(result);
        this.#authentication.observe(seconds, result);
        if (username !== undefined) this.#users.add(shortUser(username));
    }

    authorized(result: 'allowed' | 'denied' | 'no-opinion' | 'error', seconds: number): void {
        this.#decisions.add(result);
        this.#authorization.observe(seconds, result);
    }

    /** `plugin` undefined: all of them together. */
    admitted(
        step: AdmissionStep,
        observed: { plugin?: string; operation: string; rejected: boolean; seconds: number },
    ): void {
        const { plugin, operation, rejected, seconds } = observed;
        if (plugin === undefined) this.#steps.observe(seconds, operation, String(rejected), step);
        else this.#plugins.observe(seconds, plugin, operation, String(rejected), step);
    }

    deprecatedRequested(
        { group, version, plural }: Pick<ResourceDefinition, 'group' | 'version' | 'plural'>,
        subresource: string,
        removedRelease: string,
    ): void {
        this.#deprecated.set(1, group, version, plural, subresource, removedRelease);
    }

    clientCertificate(secondsLeft: number): void {
        this.#certificates.observe(secondsLeft);
    }

    handshakeFailed(): void {
        this.#handshakeErrors++;
    }

    metrics(): Metric[] {
        return [
            ...[this.#attempts, this.#authentication, this.#users, this.#decisions, this.#authorization],
            ...[this.#plugins, this.#steps, this.#certificates, this.#deprecated],
        ]
            .map((each) => each.metric())
            .filter(({ samples }) => samples.length > 0)
            .concat(
                counter(
                    'apiserver_tls_handshake_errors_total',
                    "Number of requests dropped with 'TLS handshake error from' error",
                    this.#handshakeErrors,
                ),
            );
    }
}

function shortUser(username: string): string {
    if (countedUsers.has(username)) return username;
    return username.includes('@') ? 'email_id' : 'other';
}

/** What this program is, for dashboards. */
export function buildInfoMetric(version: VersionInfo): Metric {
    const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } =
        version;
    return {
        name: 'kubernetes_build_info',
        help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        type: 'gauge',
        samples: [
            {
                labels: {
                    build_date: buildDate,
                    compiler,
                    git_commit: gitCommit,
                    git_tree_state: gitTreeState,
                    git_version: gitVersion,
                    go_version: goVersion,
                    major,
                    minor,
                    platform,
                },
                value: 1,
            },
        ],
    };
}
