import { convertedStrategy } from '../converted-strategy.ts';
import type { Strategy, VersionConversion } from '../resource.ts';
import { autoscalerConversion } from './conversion.ts';
import { horizontalPodAutoscalerStrategy } from './horizontal-pod-autoscaler.ts';

export const autoscalingV2Strategies: Readonly<Record<string, Strategy>> = {
    horizontalpodautoscalers: horizontalPodAutoscalerStrategy,
};

export const autoscalingV1Strategies: Readonly<Record<string, Strategy>> = {
    horizontalpodautoscalers: convertedStrategy(horizontalPodAutoscalerStrategy, autoscalerConversion),
};

export const autoscalingV1Conversions: Readonly<Record<string, VersionConversion>> = {
    horizontalpodautoscalers: autoscalerConversion,
};
