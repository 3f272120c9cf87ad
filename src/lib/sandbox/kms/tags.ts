import { requestTags, tagsInEffect } from './access.js';
import type { Context } from './ask.js';
import { texts } from './input.js';
import { type Operations, openKey } from './operation.js';
import { page } from './paging.js';
import { type KeyRow, putKey, type World } from './state.js';
import { assertCount, assertOwnKey, readTags, type Tags } from './tag-grammar.js';

export const tagOperations: Operations = (world) => ({
  TagResource(input, call) {
    const added = readTags(input.Tags);
    const { row } = openKey(world, call, input, 'TagResource', { context: requestTags(added) });
    const tags = { ...row.tags, ...added };
    assertCount(tags);
    putTags(world, row, tags, call.nowMillis);
    return {};
  },

  UntagResource(input, call) {
    const names = texts(input, 'TagKeys');
    names.forEach(assertOwnKey);
    const context: Context = names.length > 0 ? { 'aws:TagKeys': names } : {};
    const { row } = openKey(world, call, input, 'UntagResource', { context });
    const left = Object.entries(row.tags).filter(([key]) => !names.includes(key));
    putTags(world, row, Object.fromEntries(left), call.nowMillis);
    return {};
  },

  ListResourceTags(input, call) {
    const { row } = openKey(world, call, input, 'ListResourceTags');
    const tags = Object.entries(row.tags);
    return page(
      input,
      'Tags',
      { byDefault: 50, most: 50 },
      tags,
      ([key]) => key,
      ([TagKey, TagValue]) => ({ TagKey, TagValue }),
    );
  },
});

function putTags(world: World, row: KeyRow, tags: Tags, nowMillis: number): void {
  putKey(world, { ...row, tags, tagsBefore: tagsInEffect(world, row, nowMillis), tagsChangedMillis: nowMillis });
}
