/** Less than every id. */
export const BEFORE_ALL = "00000000-0000-0000-0000-000000000000";
