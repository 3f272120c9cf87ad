import { invalid, textList } from '../params.js';
import type { Operation } from '../service.js';
import { authorizedRole } from './authorized-role.js';
import { pageOf } from './paging.js';
import type { RoleTable } from './role.js';
import { formatTags, MAX_TAGS, mergeTags, readTags, requestTagContext, TAG_KEY_RULE } from './tags.js';

/** Tags of roles: what the approval interlock is made of. */
export function roleTagOperations(roles: RoleTable): Record<string, Operation> {
  return {
    TagRole: (input, call) => {
      const tags = readTags(input);
      if (tags.length === 0) throw invalid('Tags', 'Member must not be null');
      const role = authorizedRole(roles, 'iam:TagRole', input, call, requestTagContext(tags));
      roles.put({ ...role, tags: mergeTags(role.tags, tags) });
      return {};
    },
    UntagRole: (input, call) => {
      const keys = textList(input, 'TagKeys', TAG_KEY_RULE, MAX_TAGS);
      if (keys.length === 0) throw invalid('TagKeys', 'Member must not be null');
      const role = authorizedRole(roles, 'iam:UntagRole', input, call, { 'aws:TagKeys': keys });
      const gone = new Set(keys.map((key) => key.toLowerCase()));
      roles.put({ ...role, tags: role.tags.filter((tag) => !gone.has(tag.key.toLowerCase())) });
      return {};
    },
    ListRoleTags: (input, call) => {
      const role = authorizedRole(roles, 'iam:ListRoleTags', input, call);
      const { items, tail } = pageOf(input, role.tags);
      return { Tags: formatTags(items), ...tail };
    },
  };
}
