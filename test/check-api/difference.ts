export interface Difference {
    /** "GET /api/v1/pods", "type io.k8s.api.core.v1.Pod properties spec". */
    where: string;
    what: string;
}
