// Express 4 under a name of its own, to have both.
declare module "express4" {
	export { default } from "express";
}
