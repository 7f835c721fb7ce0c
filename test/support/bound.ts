/** The same object with some members replaced. */
export function bound<Target extends object>(target: Target, replaced: Partial<Target>): Target {
	return new Proxy(target, {
		get(sound, name) {
			if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
			const member: unknown = Reflect.get(sound, name);
			return typeof member === "function" ? member.bind(sound) : member;
		},
	});
}
