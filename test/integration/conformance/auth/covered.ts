import { type Coverage, byName } from '../coverage.ts';

/** By file: what the suite calls the behaviours that it tests. */
const files: Readonly<Record<string, readonly string[]>> = {
    'certificates.suite.ts': ['CertificateSigningRequest API'],
    'service-accounts.suite.ts': [
        'OIDC Discovery (ServiceAccountIssuerDiscovery)',
        'Service account tokens auto mount optionally',
        'ServiceAccount, create and review token',
        'RootCA ConfigMap test',
        'ServiceAccount lifecycle test',
        'ServiceAccount, update a ServiceAccount',
    ],
    'reviews.suite.ts': ['SubjectReview, API Operations'],
};

/** By what they need that is not here: the behaviours that are tested elsewhere. */
const needs: Readonly<Record<string, readonly string[]>> = {
    'needs a kubelet: what runs in the pod is looked at': [
        'Service Account Tokens Must AutoMount',
        'TokenRequestProjection should mount a projected volume with token using TokenRequest API.',
    ],
};

const coverage: Coverage = { covered: byName(files), elsewhere: byName(needs) };

export default coverage;
