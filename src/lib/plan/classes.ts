export { ACTION_CLASSES, type ActionClass } from '../base/action-class.js';
