// Judges a page by the rules of WCAG 2.2 A and AA that a program can judge.

import assert from "node:assert/strict";
import axe from "axe-core";

const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const widths = [320, 1280];

/**
 * Fails when the page of a device as it is now breaks a rule, at two widths, light and dark. Nothing moves meanwhile, or colours
 * would be judged half faded in.
 */
export async function audit({ page, tab }, name) {
  const before = page.viewportSize();
  const world = await isolated(tab.session); // the end of another one would take the authenticators away
  for (const width of widths) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      // Behind everything is a gradient, whose colours axe does not know: it is judged at both of its ends.
      for (const [ground, rules] of [["--ground", undefined], ["--glow", ["color-contrast"]]]) {
        const found = await world(`run(${JSON.stringify({ ground, rules, tags })})`);
        assert.deepEqual(found, [], `${name}, ${width} pixels wide, ${colorScheme}, on ${ground}`);
      }
    }
  }
  await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light", reducedMotion: null });
}

/**
 * A world of scripts beside the page's own, which shares the page's elements and nothing else: the page's policy stays
 * as it is, and axe leaves no traces.
 */
async function isolated(session) {
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", {
    frameId: frameTree.frame.id,
    worldName: "axe",
  });
  const evaluate = async (expression) => {
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", {
      expression,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  };
  await evaluate(`${axe.source}; globalThis.run = ${run}; undefined`);
  return evaluate;
}

/** Runs in the page. What axe cannot decide counts, too: there is nothing here that it could not. */
async function run({ ground, rules, tags }) {
  document.body.style.background = `var(${ground})`;
  try {
    const { violations, incomplete } = await globalThis.axe.run(document, {
      runOnly: rules ? { type: "rule", values: rules } : { type: "tag", values: tags },
      rules: rules ? {} : { "target-size": { enabled: true } },
      resultTypes: ["violations", "incomplete"],
      preload: false,
    });
    return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 120)}: ${failureSummary ?? "not decided"}`),
    );
  } finally {
    document.body.style.background = "";
  }
}
