import { Component, type ComponentChildren, type ComponentType } from "preact";

/** A component that is drawn again only if its properties differ, as `isSame` compares them. */
export function memo<P extends object>(
  component: (props: P) => ComponentChildren,
  isSame: (before: P, after: P) => boolean,
): ComponentType<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return !isSame(this.props as P, next);
    }

    override render(): ComponentChildren {
      return component(this.props as P);
    }
  }
  return Memo;
}
