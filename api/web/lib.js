// What every module builds with: Preact, its hooks and signals, and htm in place of a build step.
import { h } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { Component, createContext, h, render } from "./vendor/preact.js";
export { useCallback, useContext, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
export { batch, computed, effect, signal, untracked } from "./vendor/signals-core.js";
export { useComputed, useSignal, useSignalEffect } from "./vendor/signals.js";
/** @typedef {import("./vendor/preact.js").VNode<any>} VNode */

/** Markup in a tagged template. @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(h);
