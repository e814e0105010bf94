import { type ApiRequest, headerOf } from '../request.ts';

/** Whether a client reads gzip: named in Accept-Encoding, and not with a weight of nothing. */
export function acceptsGzip(request: ApiRequest): boolean {
    return /(?:^|,)\s*gzip\s*(?:$|,|;(?!\s*q=0(?:\.0*)?\s*(?:,|$)))/.test(
        headerOf(request, 'accept-encoding') ?? '',
    );
}
