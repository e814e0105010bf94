/** A JSON document as YAML. The library is loaded when the first client asks for YAML. */
export async function toYaml(value: object): Promise<string> {
    const { dump } = await import('js-yaml');
    return dump(JSON.parse(JSON.stringify(value)), { noRefs: true, lineWidth: -1, sortKeys: true });
}
