/** Most characters of a first or last name. */
export const MAX_NAME = 200;

/** Most characters of an external id. */
export const MAX_EXTERNAL_ID = 255;
