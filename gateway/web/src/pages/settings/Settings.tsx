// What is in force and where it came from; platforms, gateway, prices, and how to get a token.
import type { JSX } from 'preact';
import { useTitle } from '../../hooks';
import { PageHead } from '../../ui/frame';
import { useView, Views, type View } from '../../ui/views';
import { AccessView } from './Access';
import { ConfigView } from './Config';
import { GatewayView } from './Gateway';
import { PlatformsView } from './Platforms';
import { PricesView } from './Prices';

const VIEWS: readonly View[] = [
  ['config', 'Configuration'], ['platforms', 'Platforms'], ['gateway', 'Gateway'], ['prices', 'Prices'], ['access', 'Access'],
];
const PARTS: Record<string, () => JSX.Element> = {
  config: ConfigView, platforms: PlatformsView, gateway: GatewayView, prices: PricesView, access: AccessView,
};

export function SettingsPage(): JSX.Element {
  useTitle('Settings');
  const Part = PARTS[useView(VIEWS)] ?? ConfigView;
  return (
    <>
      <PageHead title="Settings" sub="Shown here, changed in the files: novactl config check, then novactl reload" />
      <Views path="/settings" views={VIEWS} label="Views of settings" />
      <Part />
    </>
  );
}
